// `Dispatcher(app)`: runs an application on bytes, in process and without a socket, through the
// engine's own HttpSession and the same gateway as the workers. What turbo.testing.Client uses.
#pragma once

#include <Python.h>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// Makes the type for `module`. Empty with an exception set on failure.
PyRef MakeDispatcherType(PyObject* module);

}  // namespace turbo::pyembed
