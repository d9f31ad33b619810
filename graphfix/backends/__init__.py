"""The compilers that graphfix can ask: one adapter file each; every question is answered in a process of its own.

An adapter is a module of this package that defines

    NAME, TITLE     the name on the command line, and a title
    DISTRIBUTIONS   installed packages to look up; the first one's version is the compiler's
    INSTALL         the command that installs it
    REQUIRES        the pinned packages of an interpreter of its own, and
    PYTHONS         the lowest and the highest Python it may have
    RUNS_HERE       whether its artifacts can be run on this kind of machine
    ARTIFACT        the suffix of its artifacts
    NEEDS_SIZES     (optional) whether it builds for given sizes where dims are dynamic
    SIMPLIFIES      (optional) whether it has a simplifier, which the option `onnxsim` of a request switches
    DELEGATES       (optional) whether it leaves nodes to the CPU, which the option `wholly` of a request makes a rejection
    OF_TORCH        (optional) whether it takes ExportedPrograms of torch in place of ONNX models
    CAPABILITIES    (optional) the GPU generations it can build for
    start()         imports the compiler and returns ask(request, given)

and imports nothing but the standard library at its top, since it is also loaded by the compiler's interpreter.
`request` has "model" (a path), "shapes", "values" and "options"; `given` has arrays by input name, and the
current folder is a temporary one of the request. `ask` returns {"stage", "message", "nodes"}, and where the stage is "ok" also
"write", a function of a path that writes the artifact, and "run", a function of the given and the expected arrays
that returns the outputs as (name, array) pairs in the model's order; with "runs_unwritten" a model that cannot be
written counts as accepted, since the compiler can run it without an artifact.

What a compiler prints is read with `graphfix_printed` (printed.py), which the worker loads.

A target is this file and rules/TARGET/, with its measured tables and target.toml:

    title, note     its name for people, and how it was measured
    compiler        its distributions; `measured` names their versions, with {release} or {version}
    install         the command that installs it
    groups          those that `--target GROUP` means it in, such as `mobile`; `aliases` are its other names
    preview         (optional) whether it is in no group, for its table is right too seldom; agreement.json says how often
    unreached       `dropped` where nodes that no output depends on are removed before they are checked, else `read`
    untaken         when a branch that never runs is removed: `always`, where its condition is `constant`, or `never`
    folded          (optional) when a node is computed before nodes are checked: `always`, where it depends on constants and
                    fixed dims alone, where it depends on `constant`s alone, or `never`
    own_facets      (optional) facets that decide on this target though not on most (tables/target_facets.py)
    loader          (optional) whether its runtime allocates tensors before it has inputs
    without_nonzero (optional) whether it rejects the sizes that NonZero makes
    newest_opset    (optional) the newest opset that it reads, in which probes are then written
    profiles        (optional) whether it builds for bounds of every dynamic dim
    placement       what its runtime says of who runs a node, or `unplaced`, why it says nothing
"""
