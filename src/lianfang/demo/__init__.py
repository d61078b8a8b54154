"""The invented world that `lianfang demo` opens: a prefecture with an outbreak, lived through day by day.

Called by the command line only. The outbreak comes from `lianfang.simulate`; the facts are written as a health
service would have written them, and the loop turns on every day of the story, so that deadlines, escalations and
figures have a history. Nobody in it exists.
"""
