"""The numbers of an outbreak: arrays in, frozen results out.

Stands on its own: NumPy, SciPy and numba, no Django, no other package of Lianfang. Time is the first axis
of every array; where a second axis is given it is the series (regions), and all series are computed at once.
"""
