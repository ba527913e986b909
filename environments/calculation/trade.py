"""Prices in other currencies, tariffs and final values."""

from sca.environment import ToolError, Toolset, read
from sca.environment.arithmetic import calculate


class TradeCalculator(Toolset):
    """Work out what goods cost across borders."""

    @read
    def convert_currency(self, base_price: float, conversion_rate: float) -> float:
        """Convert a price to another currency: base_price times conversion_rate.

        Example: convert_currency(200, 1.5) returns 300.0
        """
        return base_price * conversion_rate

    @read
    def calculate_tariff(self, price: float, tariff_rate: float) -> float:
        """Return the tariff alone that is due on a price; tariff_rate is in percent.

        Example: calculate_tariff(300, 8) returns 24.0
        """
        return price * tariff_rate / 100

    @read
    def estimate_final_value(self, price: float, tariff: float) -> float:
        """Return the price plus the tariff, where tariff is an amount of money and not a rate.

        Example: estimate_final_value(300, 24) returns 324
        """
        return price + tariff

    @read
    def calculator(self, expression: str) -> float:
        """Work out an arithmetic expression of plain numbers, + - * / // % ** and parentheses.

        Example: calculator("3 * (20 - 4.5)") returns 46.5
        """
        return calculate(expression)

    @read
    def find_minimum(self, *args: float) -> float:
        """Return the smallest of the numbers given.

        Example: find_minimum(12, 7.5, 30) returns 7.5
        """
        if not args:
            raise ToolError("give at least one number: find_minimum(12, 7.5, 30)")
        return min(args)

    @read
    def find_maximum(self, *args: float) -> float:
        """Return the largest of the numbers given.

        Example: find_maximum(12, 7.5, 30) returns 30
        """
        if not args:
            raise ToolError("give at least one number: find_maximum(12, 7.5, 30)")
        return max(args)
