"""What challengers are to write about, so that tasks do not all look alike."""

THEMES = (
    "a return of a part of an order",
    "an exchange for another variant of the same product",
    "a cancellation, for one of the reasons that the policy takes",
    "another address for a pending order",
    "other items in a pending order",
    "another way of paying a pending order",
    "a move: the default address and a pending order",
    "a question of money whose answer has to be said, while nothing is changed",
    "two orders, each with a wish of its own",
    "a customer who changes their mind in the middle of the conversation",
    "a condition: it is to be done only if it costs, or gives back, less or more than some amount",
    "a wish that the policy forbids, and a permitted one beside it",
    "something that no tool can do, so that a human has to take over",
    "a customer who has to be found by name and zip code",
    "a choice among the variants of a product by price or by options",
    "a first wish that turns out to be impossible, and what is wanted instead",
    "a customer who wants to know something of several orders before deciding on one",
)
