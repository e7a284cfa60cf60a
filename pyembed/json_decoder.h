// JSON text (RFC 8259, UTF-8) to Python objects, as json.loads makes them: integers of any size
// that sys.set_int_max_str_digits allows, floats rounded correctly (beyond a double's range:
// infinity), the last of duplicate keys. Stricter than json.loads in four things, each a
// ValueError: NaN and Infinity, a lone surrogate ("\ud800", which no UTF-8 response could carry
// either), a byte order mark, and arrays and objects nested deeper than kMaxJsonDepth, which could
// not be encoded again. Needs an attached thread state.
#pragma once

#include <Python.h>

#include <string_view>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// Empty with ValueError set if the text is not JSON; the message has the position ("... at byte
/// 17").
PyRef DecodeJson(std::string_view text);

}  // namespace turbo::pyembed
