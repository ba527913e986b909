"""What every service desk has: work amounts out, note a thought, hand the conversation over to a person."""

from sca.environment.arithmetic import calculate
from sca.environment.authoring import ToolError, Toolset, check, read, write


class Service(Toolset):
    """Tools beside those of the business; put it among the bases of an environment with a user."""

    @read
    def calculate(self, expression: str) -> float:
        """Return the value of an arithmetic expression, rounded to two decimals.

        Plain numbers with + - * / and parentheses. Example: calculate("3 * (20 - 4.55)") returns 46.35
        """
        return round(float(calculate(expression)), 2)

    @read
    def think(self, thought: str) -> str:
        """Note a thought, for example which rules apply to a request. Nothing is looked up or changed; returns ""."""
        return ""

    @write(ends=True)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Hand the conversation over to a human agent and end it. The summary says what is wanted.

        Only for what none of the other tools can do within the policy. Nothing can be done after it.
        """
        if not isinstance(summary, str):
            raise ToolError("summary must be text: say in a sentence what is wanted")
        self.marks["transferred"] = True
        return "Transfer successful"

    @check
    def transferred(self) -> bool:
        """Return whether the conversation was handed over to a human agent."""
        return "transferred" in self.marks
