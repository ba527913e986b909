"""Decode messages, read DNA, price trades, plan trips."""
