"""What challengers are to write about, so that tasks do not all look alike."""

THEMES = (
    "a booking that is paid with a certificate and a credit card",
    "a booking for several people, with bags beyond those that are free",
    "a round trip, booked with insurance",
    "a cancellation that is allowed, for one of the reasons that the policy takes",
    "a cancellation that is refused, and a wish beside it that is allowed",
    "another date or another flight for an economy or business reservation",
    "a basic economy reservation whose flights the traveller wants changed",
    "another cabin for a whole reservation, and what it costs",
    "more checked bags, free ones and others",
    "a passenger who is replaced by somebody else",
    "compensation for a cancelled or delayed flight",
    "compensation that the traveller is not entitled to, and something else that they get",
    "a question of money whose answer has to be said, while nothing is changed",
    "a condition: it is to be done only if it costs, or saves, less or more than some amount",
    "two reservations, each with a wish of its own",
    "something that no tool can do, so that a human has to take over",
)
