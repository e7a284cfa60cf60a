// The fields of dataclasses, for the JSON encoder. Kept for each thread state, so that threads
// share neither locks nor reference counts; bounded. Needs an attached thread state; what it
// returns belongs to that thread.
#pragma once

#include <Python.h>

#include <unordered_map>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

class DataclassFields {
 public:
  /// The running thread's. Null with an exception set on failure.
  static DataclassFields* OfThisThread();

  /// The names of the fields of `type` in order, a tuple of str; None for a type that is no
  /// dataclass. Empty with an exception set on failure.
  PyRef NamesOf(PyTypeObject* type);

 private:
  struct Entry {
    PyRef type;  // keeps the key valid
    PyRef names;
  };

  PyRef fields_function_;  // dataclasses.fields
  std::unordered_map<PyTypeObject*, Entry> known_;
};

}  // namespace turbo::pyembed
