"""The Chinese edition: the course's code and outputs, another language.

Each Chinese cell, message and section carries a digest of the English that
it translates; `make zh` carries changes over, and names what they made stale.
"""
