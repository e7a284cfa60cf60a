// What was wrong with a request's values, in FastAPI's shape: {"loc": [...], "msg": ..., "type":
// ...}. Costs nothing until something is wrong. Needs an attached thread state; one request's.
#pragma once

#include <Python.h>

#include <string_view>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// Where a value is: a chain on the stack from the innermost part outwards ("price" in 2 in "items"
/// in "body"). Borrows what it names; lives no longer than the call that made it.
struct Location {
  const Location* outer = nullptr;
  PyObject* key = nullptr;  ///< null: `index` counts
  Py_ssize_t index = 0;
};

class ErrorList {
 public:
  /// Adds one error. With a Python exception set instead if memory runs out.
  void Add(const Location& where, std::string_view type, std::string_view message);

  /// Adds all of `other`'s, after these.
  void Append(ErrorList other);

  [[nodiscard]] bool empty() const { return !list_; }
  /// A list of dicts; empty if there is no error.
  [[nodiscard]] PyRef Take() { return std::move(list_); }

 private:
  PyRef list_;
};

}  // namespace turbo::pyembed
