"""Damage on good photos and products that nobody makes: labels without anybody who draws them."""
