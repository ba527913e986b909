"""What challengers are to ask about, so that tasks do not all look alike."""

THEMES = (
    "the price of a product",
    "the e-mail address of a person",
    "the department that a person works in",
    "the phone number of a person",
    "what a person is an expert in",
    "what several products cost together",
    "what is to be paid after a discount, written as xx.xx",
    "how many people work in a department",
    "whose phone number a given one is",
    "a person who is found through a product or a piece of news",
    "a comparison of two products or two people",
    "a bill of several pieces, a discount and the delivery",
)
