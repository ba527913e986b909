"""Names, streets and cities that made-up customers get."""

FIRST_NAMES = (
    "Adaeze", "Alvar", "Amrit", "Anneke", "Basil", "Bettina", "Bodhi", "Calista", "Cormac", "Dagny",
    "Damaris", "Dario", "Edda", "Eleni", "Emeka", "Farah", "Fergus", "Gideon", "Greta", "Hamza",
    "Hedda", "Ilse", "Imogen", "Ines", "Jarek", "Joaquin", "Kaito", "Katya", "Laszlo", "Leocadia",
    "Linnea", "Malik", "Marit", "Mona", "Nadir", "Nerys", "Odile", "Oskar", "Paloma", "Petra",
    "Quentin", "Ravi", "Rosalind", "Sanne", "Selim", "Soren", "Tamsin", "Thandi", "Tobias", "Ulrike",
    "Umberto", "Vera", "Viggo", "Wanda", "Wendell", "Xenia", "Yannick", "Yvette", "Zahra", "Zoltan",
)  # fmt: skip
LAST_NAMES = (
    "Abernathy", "Achebe", "Almeida", "Arslan", "Baptiste", "Bergstrom", "Bianchi", "Blackwood", "Caruso", "Chandra",
    "Dahl", "Delacroix", "Dlamini", "Eriksen", "Esposito", "Fairchild", "Farrow", "Fontaine", "Galloway", "Grimaldi",
    "Haddad", "Halvorsen", "Hoang", "Ibarra", "Iwata", "Jankowski", "Joubert", "Kaplan", "Keating", "Kowal",
    "Laurent", "Lindqvist", "Lockhart", "Maddox", "Mbeki", "Montero", "Nakata", "Novak", "Nwosu", "Okafor",
    "Osterman", "Pappas", "Petrov", "Quist", "Rahman", "Rinaldi", "Ruiz", "Sandoval", "Sato", "Serrano",
    "Sinclair", "Strand", "Tanaka", "Thorne", "Ueda", "Vance", "Varga", "Whitlock", "Yamada", "Zielinski",
)  # fmt: skip
STREETS = (
    "Alder Court", "Barley Way", "Beacon Hill Road", "Bellflower Street", "Cannery Row", "Chapel Lane",
    "Clover Street", "Copper Mill Road", "Dovecote Lane", "Fern Row", "Foundry Street", "Garnet Avenue",
    "Granary Road", "Harbour View", "Hazel Crescent", "Heron Way", "Juniper Terrace", "Kestrel Drive",
    "Kiln Lane", "Lantern Street", "Larkspur Avenue", "Lime Kiln Road", "Marigold Street", "Mill Race Lane",
    "Nettle Close", "Observatory Road", "Old Ferry Road", "Orchard Gate", "Pebble Street", "Quarry Hill",
    "Rookery Lane", "Rope Walk", "Saddler Street", "Slate Street", "Spindle Lane", "Tannery Row",
    "Teasel Way", "Thistle Avenue", "Wharf Street", "Windmill Road",
)  # fmt: skip
CITIES = (
    ("Albany", "NY", "122"), ("Albuquerque", "NM", "871"), ("Anchorage", "AK", "995"), ("Atlanta", "GA", "303"),
    ("Baltimore", "MD", "212"), ("Boise", "ID", "837"), ("Boston", "MA", "021"), ("Burlington", "VT", "054"),
    ("Charleston", "SC", "294"), ("Cincinnati", "OH", "452"), ("Denver", "CO", "802"), ("Des Moines", "IA", "503"),
    ("Duluth", "MN", "558"), ("Eugene", "OR", "974"), ("Hartford", "CT", "061"), ("Honolulu", "HI", "968"),
    ("Kansas City", "MO", "641"), ("Knoxville", "TN", "379"), ("Lincoln", "NE", "685"), ("Madison", "WI", "537"),
    ("Miami", "FL", "331"), ("New Orleans", "LA", "701"), ("Omaha", "NE", "681"), ("Pittsburgh", "PA", "152"),
    ("Portland", "ME", "041"), ("Raleigh", "NC", "276"), ("Sacramento", "CA", "958"), ("Salt Lake City", "UT", "841"),
    ("Savannah", "GA", "314"), ("Spokane", "WA", "992"), ("Tucson", "AZ", "857"), ("Tulsa", "OK", "741"),
)  # fmt: skip
"""City, state, and how its zip codes begin."""
