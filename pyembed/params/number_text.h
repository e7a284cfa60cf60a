// Numbers and truth values from text, with the spellings that pydantic 2 accepts (white space
// around, a sign, single underscores between digits, "7.0" for an integer). Needs an attached
// thread state where it returns objects.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

enum class IntText : std::uint8_t {
  kInteger,  ///< the object is set, or a Python exception is
  kInvalid,  ///< not an integer
  kTooLong,  ///< more digits than an integer may have (kMaxIntegerDigits)
};

/// CPython's own default limit (sys.set_int_max_str_digits), because conversion takes quadratic
/// time.
inline constexpr std::size_t kMaxIntegerDigits = 4300;

/// Any integer. `result` is set for kInteger only.
IntText ParseInteger(std::string_view text, PyRef& result);

/// "inf" and "nan" too. Empty without an exception if the text is no number.
PyRef ParseFloat(std::string_view text);

/// true, t, yes, y, on, 1, false, f, no, n, off, 0 in any case.
std::optional<bool> ParseBool(std::string_view text);

}  // namespace turbo::pyembed
