"""The demonstration: a whole small warehouse behind real wires, thrown away afterwards.

Makes up shops, buyers, a carrier and the devices of a few benches, and lets people or simulated
packers work in it. Nothing outside this room knows that any of it is made up.
"""
