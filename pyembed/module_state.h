// What the module `_turbo` keeps for each interpreter that imports it: its types. No mutable
// globals, so that every interpreter has its own (PEP 489, PEP 684). Written while the module is
// made, read-only from then on.
#pragma once

#include <Python.h>

#include "pyembed/py_ref.h"

PyMODINIT_FUNC PyInit__turbo();

namespace turbo::pyembed {

struct ModuleState {
  PyRef request_type;
  PyRef headers_type;
  PyRef query_params_type;
  PyRef dispatcher_type;
  PyRef namespace_type;  ///< types.SimpleNamespace, for Request.state
};

/// The state of `module`, which is `_turbo`.
ModuleState* StateOfModule(PyObject* module) noexcept;

/// The running interpreter's `_turbo`, imported if it was not. Empty with an exception set on
/// failure.
PyRef ImportTurboModule();

}  // namespace turbo::pyembed
