"""What the shop sells: a usual price, and the options in which items of a product differ, from cheap to dear."""

_COLOURS = ("grey", "navy", "olive", "crimson", "cream")
_SIZES = ("S", "M", "L", "XL")

CATALOGUE: dict[str, tuple[float, dict[str, tuple[str, ...]]]] = {
    "Apron": (24, {"colour": _COLOURS, "fabric": ("cotton", "linen"), "pockets": ("one", "two")}),
    "Armchair": (340, {"cover": ("cotton", "velvet", "leather"), "legs": ("beech", "oak"), "colour": _COLOURS}),
    "Bath Towel": (19, {"size": ("50x100 cm", "70x140 cm"), "weave": ("waffle", "terry"), "colour": _COLOURS}),
    "Binoculars": (165, {"magnification": ("8x", "10x", "12x"), "lens": ("32 mm", "42 mm")}),
    "Board Game": (42, {"theme": ("castles", "railways", "islands"), "players": ("2", "2-4", "3-6")}),
    "Bread Knife": (38, {"blade": ("20 cm", "25 cm"), "handle": ("plastic", "beech", "walnut")}),
    "Camping Stove": (74, {"burners": ("1", "2"), "fuel": ("spirit", "gas"), "case": ("no", "yes")}),
    "Casserole": (
        95,
        {"volume": ("2 l", "4 l", "6 l"), "material": ("steel", "cast iron"), "lid": ("glass", "metal")},
    ),
    "Ceramic Mug": (14, {"volume": ("250 ml", "350 ml"), "glaze": ("matt", "gloss"), "colour": _COLOURS}),
    "Chess Set": (
        68,
        {"board": ("folding", "solid"), "wood": ("beech", "maple", "walnut"), "size": ("small", "large")},
    ),
    "Climbing Rope": (149, {"length": ("40 m", "60 m", "80 m"), "diameter": ("9.2 mm", "9.8 mm")}),
    "Cutting Board": (32, {"wood": ("bamboo", "oak", "olive"), "size": ("small", "medium", "large")}),
    "Desk Mat": (
        27,
        {"material": ("felt", "cork", "leather"), "size": ("small", "large"), "edge": ("plain", "sewn")},
    ),
    "Drawing Tablet": (210, {"area": ("small", "medium", "large"), "link": ("cable", "radio"), "keys": ("4", "8")}),
    "Duvet": (
        118,
        {"size": ("single", "double", "king"), "filling": ("cotton", "wool", "down"), "season": ("summer", "winter")},
    ),
    "Field Recorder": (255, {"tracks": ("2", "4", "8"), "memory": ("16 GB", "64 GB")}),
    "Floor Lamp": (
        132,
        {"shade": ("paper", "linen", "glass"), "height": ("140 cm", "160 cm"), "dimmer": ("no", "yes")},
    ),
    "Folding Table": (88, {"length": ("90 cm", "120 cm", "180 cm"), "top": ("plastic", "bamboo")}),
    "Fountain Pen": (56, {"nib": ("extra fine", "fine", "medium", "broad"), "body": ("resin", "brass", "steel")}),
    "Garden Shears": (46, {"blade": ("straight", "wavy"), "handle": ("ash", "rubber"), "length": ("short", "long")}),
    "Hammock": (79, {"persons": ("1", "2"), "cloth": ("nylon", "cotton"), "stand": ("without", "with")}),
    "Hand Mixer": (
        63,
        {"power": ("300 W", "450 W", "600 W"), "bowl": ("without", "with"), "colour": ("white", "red")},
    ),
    "Headlamp": (49, {"light": ("200 lm", "400 lm", "800 lm"), "power": ("batteries", "rechargeable")}),
    "Kite": (35, {"shape": ("diamond", "delta", "box"), "lines": ("1", "2"), "span": ("120 cm", "160 cm")}),
    "Linen Shirt": (58, {"size": _SIZES, "collar": ("band", "button-down"), "colour": _COLOURS}),
    "Mandolin": (385, {"top": ("laminate", "spruce", "cedar"), "shape": ("A", "F"), "case": ("bag", "hard")}),
    "Mattress": (
        620,
        {"size": ("single", "double", "king"), "core": ("foam", "springs", "latex"), "firmness": ("soft", "firm")},
    ),
    "Microscope": (298, {"zoom": ("400x", "1000x"), "head": ("monocular", "binocular"), "camera": ("no", "yes")}),
    "Music Stand": (41, {"desk": ("wire", "solid"), "material": ("aluminium", "steel", "beech")}),
    "Paint Set": (34, {"kind": ("watercolour", "gouache", "oil"), "colours": ("12", "24", "48")}),
    "Picnic Blanket": (
        45,
        {"size": ("small", "large"), "pattern": ("plain", "striped", "tartan"), "backing": ("none", "waterproof")},
    ),
    "Pocket Radio": (
        52,
        {"bands": ("FM", "FM and DAB"), "power": ("batteries", "rechargeable"), "colour": ("black", "red", "white")},
    ),
    "Pressure Cooker": (124, {"volume": ("3 l", "6 l", "8 l"), "base": ("steel", "copper")}),
    "Rain Jacket": (112, {"size": _SIZES, "hood": ("fixed", "detachable"), "colour": _COLOURS}),
    "Record Player": (
        275,
        {"drive": ("belt", "direct"), "cartridge": ("basic", "fine"), "finish": ("black", "walnut")},
    ),
    "Rowing Machine": (
        890,
        {"resistance": ("air", "magnet", "water"), "frame": ("steel", "ash"), "display": ("basic", "large")},
    ),
    "Rucksack": (105, {"volume": ("20 l", "35 l", "50 l"), "back": ("padded", "mesh"), "colour": _COLOURS}),
    "Sewing Machine": (312, {"stitches": ("12", "40", "120"), "table": ("without", "with")}),
    "Shower Head": (37, {"jets": ("1", "3", "5"), "finish": ("chrome", "black", "brass")}),
    "Sleeping Bag": (
        128,
        {"comfort": ("10 C", "0 C", "-10 C"), "filling": ("fibre", "down"), "zip": ("left", "right")},
    ),
    "Telescope": (
        460,
        {
            "aperture": ("70 mm", "102 mm", "130 mm"),
            "mount": ("plain", "equatorial"),
            "finder": ("red dot", "optical"),
        },
    ),
    "Tent": (245, {"persons": ("1", "2", "4"), "seasons": ("3", "4"), "colour": ("sand", "green", "orange")}),
    "Toaster": (54, {"slots": ("2", "4"), "finish": ("white", "steel", "copper"), "bun rack": ("no", "yes")}),
    "Tool Box": (66, {"material": ("plastic", "steel"), "trays": ("1", "3", "5"), "lock": ("no", "yes")}),
    "Umbrella": (29, {"type": ("folding", "stick"), "opening": ("by hand", "automatic"), "colour": _COLOURS}),
    "Waffle Iron": (59, {"shape": ("round", "square", "heart"), "plates": ("fixed", "removable")}),
    "Wall Mirror": (
        98,
        {"shape": ("round", "oval", "arched"), "frame": ("none", "oak", "brass"), "height": ("60 cm", "90 cm")},
    ),
    "Weather Station": (84, {"sensors": ("1", "3", "5"), "display": ("mono", "colour"), "link": ("none", "Wi-Fi")}),
    "Winter Boots": (
        139,
        {"size": ("38", "40", "42", "44"), "lining": ("fleece", "wool"), "colour": ("black", "brown")},
    ),
    "Wool Scarf": (
        48,
        {"wool": ("lambswool", "merino", "cashmere"), "length": ("150 cm", "200 cm"), "colour": _COLOURS},
    ),
}
