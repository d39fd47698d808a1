"""The words everything else is said with: values without behaviour of their own and without I/O.

A value here is frozen, knows its own rules (a personal number, a partial date, an address that carries the
version of its list) and says in its docstring which law, decree or RFC it comes from. Nothing here imports
another folder of the gateway; connectors may import it, so its surface is public and versioned.
"""
