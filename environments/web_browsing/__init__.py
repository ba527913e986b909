"""Find things out on a company's site with a text browser."""
