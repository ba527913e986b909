"""The service desk of a shop: customers, orders and products, and what may be done about them."""
