"""The booking desk of an airline: travellers, flights and reservations, and what may be done about them."""
