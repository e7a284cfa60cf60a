// What the JSON tests share: running Python text and taking exceptions.
#pragma once

#include <Python.h>

#include <string>
#include <string_view>

#include "pyembed/py_ref.h"

namespace turbo::pyembed::testing {

/// The value of a Python expression after `setup` has run; fails the test if either raises.
PyRef Evaluate(const std::string& expression, const std::string& setup = "");

/// "ValueError: message" of the exception that is set, which it clears; "" if there is none.
std::string TakeException();

/// EncodeJson's text, or "ValueError: message".
std::string Encode(PyObject* value);

/// repr() of what DecodeJson makes, or "ValueError: message".
std::string Decode(std::string_view text);

}  // namespace turbo::pyembed::testing
