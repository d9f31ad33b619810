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
    CAPABILITIES    (optional) the GPU generations it can build for
    start()         imports the compiler and returns ask(request, given)

and imports nothing but the standard library at its top, since it is also loaded by the compiler's interpreter.
`request` has "model" (a path), "shapes", "values" and "options"; `given` has arrays by input name, and the
current folder is a temporary one of the request. `ask` returns {"stage", "message", "nodes"}, and where the stage is "ok" also
"write", a function of a path that writes the artifact, and "run", a function of the given and the expected arrays
that returns the outputs as (name, array) pairs in the model's order; with "runs_unwritten" a model that cannot be
written counts as accepted, since the compiler can run it without an artifact.
"""
