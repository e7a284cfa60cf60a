// Immutable mappings in which a name may occur more than once: Headers (names in any case, the
// first value counts) and QueryParams (exact names, the last value counts, as in the arguments of
// handlers). Python types of module `_turbo`.
#pragma once

#include <Python.h>

#include <string_view>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// Makes both types for `module`. Empty with an exception set on failure.
PyRef MakeHeadersType(PyObject* module);
PyRef MakeQueryParamsType(PyObject* module);

/// A mapping of `type` (one of the two above) over `pairs`, a list of (str, str) tuples whose names
/// are in lower case for Headers. Takes the list over: nobody changes it afterwards.
PyRef MakeMultiMapping(PyObject* type, PyRef pairs);

/// The list behind a mapping; a borrowed reference.
PyObject* MultiMappingPairs(PyObject* mapping) noexcept;

/// The pairs of an application/x-www-form-urlencoded query, decoded: a list of (str, str). Blank
/// values are kept; what is not UTF-8 becomes replacement characters (WHATWG URL §5.1).
PyRef ParseQueryPairs(std::string_view query);

}  // namespace turbo::pyembed
