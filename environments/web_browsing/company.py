"""What the made-up company is made of: lists that the generator draws from. No such company exists."""

from typing import NamedTuple

NAME = "Brackenwell Instruments"
DOMAIN = "brackenwell.example"
PHONE = "01632 960"
"""Numbers that begin so are set aside for made-up people (Ofcom's numbers for drama)."""


class Department(NamedTuple):
    """One of the eight, with a job and an expertise for each of its people."""

    name: str
    about: str
    posts: tuple[tuple[str, str], ...]


class Person(NamedTuple):
    """Somebody who works there."""

    name: str
    post: str
    department: str
    expertise: str
    email: str
    phone: str
    room: str
    since: int

    @property
    def url(self) -> str:
        """Where their page is."""
        return f"/people/{slug(self.name)}"


class Item(NamedTuple):
    """Something that is sold."""

    name: str
    about: str
    category: str
    price: float
    discount: int
    stock: str
    in_stock: int
    warranty: int
    contact: Person

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"/products/{slug(self.name)}"


def slug(name: str) -> str:
    """As names stand in addresses."""
    return name.lower().replace(" ", "-")


DEPARTMENTS = (
    Department(
        "Workshop",
        "Brass is turned, glass is blown and everything is put together here.",
        (
            ("Head of the workshop", "brass turning"),
            ("Glass blower", "barometer tubes"),
            ("Instrument maker", "sundials"),
            ("Instrument maker", "gear cutting"),
            ("Engraver", "scales and dials"),
            ("Apprentice", "soldering"),
            ("Joiner", "mahogany cases"),
        ),
    ),
    Department(
        "Design",
        "Nothing is built that was not drawn here first.",
        (
            ("Head of design", "pocket instruments"),
            ("Designer", "rain gauges"),
            ("Designer", "map scales"),
            ("Draughtsman", "exploded views"),
        ),
    ),
    Department(
        "Calibration",
        "Two cellars in which it is always 20 degrees.",
        (
            ("Head of calibration", "pressure standards"),
            ("Physicist", "lens testing"),
            ("Technician", "compass deviation"),
        ),
    ),
    Department(
        "Repairs",
        "We repair what we sold, whenever that was.",
        (
            ("Head of repairs", "antique theodolites"),
            ("Restorer", "marine chronometers"),
            ("Restorer", "cracked lenses"),
            ("Technician", "watch springs"),
            ("Technician", "leather bellows"),
        ),
    ),
    Department(
        "Sales",
        "Ask us before you buy; we would rather sell nothing than the wrong thing.",
        (
            ("Head of sales", "school equipment"),
            ("Adviser", "telescopes for beginners"),
            ("Adviser", "expedition outfits"),
            ("Adviser", "trade customers"),
        ),
    ),
    Department(
        "Customer Care",
        "A letter to us is answered within two days.",
        (
            ("Head of customer care", "guarantee claims"),
            ("Correspondent", "letters in French"),
        ),
    ),
    Department(
        "Dispatch",
        "Packed by hand, in wood wool.",
        (
            ("Head of dispatch", "customs papers"),
            ("Packer", "fragile freight"),
            ("Packer", "crate building"),
        ),
    ),
    Department(
        "Accounts",
        "Bills, wages and the tea fund.",
        (
            ("Head of accounts", "instalment plans"),
            ("Bookkeeper", "foreign invoices"),
        ),
    ),
)

_FIRST_NAMES = (
    "Alba Anselm Beatrix Bram Cosima Dario Edda Fergus Gwenda Hamish Ilse Jorun Kasimir Leocadia Magnus Nerys Odile "
    "Piers Quilla Rhona Saskia Tancred Ulla Verity Wilf Xanthe Yorick Zelda Corin Demelza Ottilie Lorcan"
)
_LAST_NAMES = (
    "Ashgrove Birtles Carrow Dunmore Ellwand Fairlamb Garrick Holbeck Inchbald Kettlewell Lorimer Marchbank "
    "Nettleship Oldacre Pennyfeather Quayle Rushworth Silverthorne Tarleton Underhill Vexley Wychwood"
)
FIRST_NAMES, LAST_NAMES = _FIRST_NAMES.split(), _LAST_NAMES.split()


class Product(NamedTuple):
    """Name, a line about it, and the least and the most that it may cost."""

    name: str
    about: str
    least: int
    most: int


CATEGORIES: dict[str, tuple[str, tuple[Product, ...]]] = {
    "Weather": (
        "Know tomorrow today, or at least by tonight.",
        (
            Product("Marram Rain Gauge", "Copper funnel, glass measure, a spike for the lawn.", 30, 60),
            Product("Gannet Barometer", "A wall barometer with a seven inch dial.", 120, 260),
            Product("Thistledown Anemometer", "Four cups that turn in the lightest air.", 80, 150),
            Product("Frostline Thermometer", "Remembers the coldest hour of the night.", 20, 45),
        ),
    ),
    "Navigation": (
        "For those who want to come back.",
        (
            Product("Curlew Compass", "A prismatic compass in a brass case.", 60, 130),
            Product("Longshore Sextant", "Reads to a fifth of a minute of arc.", 400, 700),
            Product("Skerry Parallel Rule", "Boxwood and brass, eighteen inches.", 25, 50),
            Product("Petrel Chart Dividers", "Opened and closed with one hand.", 15, 35),
        ),
    ),
    "Optics": (
        "Ground, polished and tested under one roof.",
        (
            Product("Merlin Field Glass", "Eight times thirty, with a leather case.", 140, 280),
            Product("Heron Telescope", "Three draws and a clear two inches of glass.", 200, 380),
            Product("Wren Pocket Microscope", "Forty times, in the size of a fountain pen.", 35, 75),
            Product("Damselfly Magnifier", "A folding lens for botanists.", 12, 30),
        ),
    ),
    "Timekeeping": (
        "Wound by hand, once a week.",
        (
            Product("Vesper Carriage Clock", "Eight days, a repeater and a travelling box.", 300, 520),
            Product("Noonmark Sundial", "Cut for your own latitude; tell us where you live.", 90, 190),
            Product("Sandpiper Egg Timer", "Three minutes of fine river sand.", 8, 18),
            Product("Ironbridge Stopwatch", "Tenths of a second, in a case that may be dropped.", 50, 95),
        ),
    ),
    "Surveying": (
        "Land measured as it lies.",
        (
            Product("Fellside Theodolite", "A five inch circle, read by two microscopes.", 600, 950),
            Product("Drover Measuring Wheel", "Counts a mile in yards or in metres.", 45, 95),
            Product("Cairn Spirit Level", "A long level in a trough of bronze.", 22, 48),
            Product("Chainman Tape", "Thirty metres of steel ribbon.", 16, 38),
        ),
    ),
    "Drawing": (
        "For paper, of which there cannot be too much.",
        (
            Product("Inkwell Pen Set", "Three ruling pens in a velvet tray.", 28, 58),
            Product("Arclight Beam Compass", "Circles of up to two metres.", 40, 80),
            Product("Quillon Pantograph", "Copies a map in twelve other sizes.", 70, 140),
            Product("Bluebell Protractor", "A full circle, divided to half degrees.", 9, 22),
        ),
    ),
}
DISCOUNTS = (0, 0, 0, 5, 8, 10, 15, 20, 25)
"""Percent; a third of the draws gives none."""


class Post(NamedTuple):
    """A piece of news about one person, told by expertise, and one product."""

    title: str
    expertise: str
    product: str
    lines: tuple[str, ...]


NEWS = (
    Post(
        "A prize for a gauge",
        "rain gauges",
        "Marram Rain Gauge",
        (
            "The Guild of Gardeners has given its silver watering can to the {product}.",
            "It was drawn by {person}, who thanks two wet summers for the help.",
            "The prize money buys a new lathe.",
        ),
    ),
    Post(
        "Round the cape",
        "marine chronometers",
        "Longshore Sextant",
        (
            "The ketch Halcyon is back after eleven months, and so is her {product}.",
            "It was a third of a minute out when it came home.",
            "{person} went along as far as the Azores and wound the clocks.",
        ),
    ),
    Post(
        "Night of the telescopes",
        "telescopes for beginners",
        "Heron Telescope",
        (
            "On the last Friday of October we look at Saturn from the yard.",
            "{person} brings every {product} that is in stock.",
            "Bring a coat. Soup is 4.00 euros a bowl.",
        ),
    ),
    Post(
        "The town hall clock",
        "gear cutting",
        "Vesper Carriage Clock",
        (
            "The clock of the town hall goes again after nine years.",
            "{person} cut forty-one teeth anew, by hand.",
            "The mayor was given a {product} for waiting so long.",
        ),
    ),
    Post(
        "Maps for a school",
        "school equipment",
        "Quillon Pantograph",
        (
            "Class seven of the river school has drawn its valley anew.",
            "{person} lent them a {product} for a month.",
            "The map hangs in our stairwell until spring.",
        ),
    ),
    Post(
        "A crate from Patagonia",
        "expedition outfits",
        "Fellside Theodolite",
        (
            "A crate that we had given up for lost came back after six years.",
            "The {product} in it needed no more than a drop of oil.",
            "{person} has sent its owners a postcard.",
        ),
    ),
)
