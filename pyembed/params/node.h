// One type of a handler's signature: validates and converts a value, recursively. Built from
// turbo/_schema.py's plans when the application is loaded, immutable afterwards. Errors and
// spellings are pydantic 2's, whose words FastAPI's clients know. Needs an attached thread state.
#pragma once

#include <Python.h>

#include <cstdint>
#include <string_view>

#include "pyembed/params/error_list.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

enum class Strictness : std::uint8_t {
  kLax,    ///< "7" is an integer, 1 is true
  kExact,  ///< only a value that is already of the type: first round of a union
};

struct Validation {
  ErrorList& errors;
  Strictness strictness = Strictness::kLax;
};

class Node {
 public:
  virtual ~Node() = default;

  /// Converts a decoded JSON value. Empty if that failed: either an error was added or a Python
  /// exception is set.
  virtual PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const = 0;

  /// Converts text of a path or query: percent-decoded bytes, which may not be UTF-8. Fails like
  /// FromJson.
  virtual PyRef FromText(std::string_view text, const Location& where,
                         Validation& validation) const;

  /// Every JSON value passes as it is.
  [[nodiscard]] virtual bool accepts_all() const { return false; }
};

/// Text as a str; adds an error if it is not UTF-8.
PyRef MakeText(std::string_view text, const Location& where, Validation& validation);

/// Adds an error; always empty, for returning.
inline PyRef Refuse(const Location& where, Validation& validation, std::string_view type,
                    std::string_view message) {
  validation.errors.Add(where, type, message);
  return {};
}

}  // namespace turbo::pyembed
