"""The bench suite: what trioharness costs beside the same work done by others, in one run.

Run it from the root of the repository: ``python -m bench [name ...] [--quick] [--json FILE]``.

Map: `_model` says what a bench is made of, `groups` hold the benches, `rivals` do the work and hand
back what `_sample` has for it. `_measure` and `_run` take the figures in interleaved rounds, each
group in a process of its own (`_forked`); `_instructions`, `_memory`, `_whole` and `_wakeups` take
those for which each sample needs one. `_neighbour` says what a neighbour in the loop waits for,
`_open_loop` how late is what is due at fixed times; `_statistics` and `_verdict` judge them,
`_table` and `_json` show them.
"""
