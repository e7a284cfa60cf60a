#include "pyembed/params/scalar_nodes.h"

#include <cmath>
#include <optional>

#include "pyembed/params/number_text.h"

namespace turbo::pyembed {
namespace {

/// UTF-8 of a str; nullopt for one that has none (lone surrogates).
std::optional<std::string_view> Utf8(PyObject* string) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(string, &size);
  if (data == nullptr) {
    PyErr_Clear();
    return std::nullopt;
  }
  return std::string_view(data, static_cast<std::size_t>(size));
}

PyRef RefuseInteger(const Location& where, Validation& validation, IntText reason) {
  if (reason == IntText::kTooLong) {
    return Refuse(where, validation, "int_parsing_size",
                  "Unable to parse input string as an integer, exceeded maximum size");
  }
  return Refuse(where, validation, "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer");
}

PyRef RefuseFloat(const Location& where, Validation& validation) {
  return Refuse(where, validation, "float_parsing",
                "Input should be a valid number, unable to parse string as a number");
}

PyRef RefuseBool(const Location& where, Validation& validation) {
  return Refuse(where, validation, "bool_parsing",
                "Input should be a valid boolean, unable to interpret input");
}

}  // namespace

PyRef MakeText(std::string_view text, const Location& where, Validation& validation) {
  PyRef string = PyRef::Steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));
  if (!string && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError) != 0) {
    PyErr_Clear();
    return Refuse(where, validation, "string_unicode",
                  "Input should be a valid string, unable to parse raw data as a unicode string");
  }
  return string;
}

PyRef Node::FromText(std::string_view text, const Location& where, Validation& validation) const {
  PyRef string = MakeText(text, where, validation);
  if (!string) return {};
  return FromJson(string.get(), where, validation);
}

PyRef AnyNode::FromJson(PyObject* value, const Location&, Validation&) const {
  return PyRef::Borrow(value);
}

PyRef NoneNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (value == Py_None) return PyRef::Borrow(value);
  return Refuse(where, validation, "none_required", "Input should be None");
}

PyRef IntNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (PyLong_CheckExact(value)) return PyRef::Borrow(value);
  if (validation.strictness == Strictness::kLax) {
    if (PyBool_Check(value)) return PyRef::Steal(PyLong_FromLong(value == Py_True ? 1 : 0));
    if (PyFloat_Check(value)) {
      const double real = PyFloat_AS_DOUBLE(value);
      if (!std::isfinite(real)) {
        return Refuse(where, validation, "finite_number", "Input should be a finite number");
      }
      if (std::trunc(real) == real) return PyRef::Steal(PyLong_FromDouble(real));
      return Refuse(where, validation, "int_from_float",
                    "Input should be a valid integer, got a number with a fractional part");
    }
    if (PyUnicode_Check(value)) {
      const std::optional<std::string_view> text = Utf8(value);
      if (!text) return RefuseInteger(where, validation, IntText::kInvalid);
      return FromText(*text, where, validation);
    }
  }
  return Refuse(where, validation, "int_type", "Input should be a valid integer");
}

PyRef IntNode::FromText(std::string_view text, const Location& where,
                        Validation& validation) const {
  if (validation.strictness == Strictness::kExact) {
    return Refuse(where, validation, "int_type", "Input should be a valid integer");
  }
  PyRef result;
  const IntText outcome = ParseInteger(text, result);
  if (outcome == IntText::kInteger) return result;
  return RefuseInteger(where, validation, outcome);
}

PyRef FloatNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (PyFloat_CheckExact(value)) return PyRef::Borrow(value);
  if (validation.strictness == Strictness::kLax) {
    if (PyLong_Check(value)) {  // bool as well
      PyRef result = PyRef::Steal(PyNumber_Float(value));
      if (result || PyErr_ExceptionMatches(PyExc_OverflowError) == 0) return result;
      PyErr_Clear();  // beyond a double
      return Refuse(where, validation, "float_type", "Input should be a valid number");
    }
    if (PyUnicode_Check(value)) {
      const std::optional<std::string_view> text = Utf8(value);
      if (!text) return RefuseFloat(where, validation);
      return FromText(*text, where, validation);
    }
  }
  return Refuse(where, validation, "float_type", "Input should be a valid number");
}

PyRef FloatNode::FromText(std::string_view text, const Location& where,
                          Validation& validation) const {
  if (validation.strictness == Strictness::kExact) {
    return Refuse(where, validation, "float_type", "Input should be a valid number");
  }
  PyRef result = ParseFloat(text);
  if (result || PyErr_Occurred() != nullptr) return result;
  return RefuseFloat(where, validation);
}

PyRef BoolNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (PyBool_Check(value)) return PyRef::Borrow(value);
  if (validation.strictness == Strictness::kLax) {
    if (PyUnicode_Check(value)) {
      return FromText(Utf8(value).value_or(std::string_view()), where, validation);
    }
    if (PyLong_Check(value) || PyFloat_Check(value)) {
      const double number = PyFloat_AsDouble(value);
      if (number == 0.0) return PyRef::Borrow(Py_False);
      if (number == 1.0) return PyRef::Borrow(Py_True);
      if (PyErr_Occurred() == nullptr) return RefuseBool(where, validation);
      PyErr_Clear();  // an integer beyond a double
    }
  }
  return Refuse(where, validation, "bool_type", "Input should be a valid boolean");
}

PyRef BoolNode::FromText(std::string_view text, const Location& where,
                         Validation& validation) const {
  if (validation.strictness == Strictness::kExact) {
    return Refuse(where, validation, "bool_type", "Input should be a valid boolean");
  }
  const std::optional<bool> result = ParseBool(text);
  if (!result) return RefuseBool(where, validation);
  return PyRef::Borrow(*result ? Py_True : Py_False);
}

PyRef StrNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (PyUnicode_Check(value)) return PyRef::Borrow(value);
  return Refuse(where, validation, "string_type", "Input should be a valid string");
}

PyRef StrNode::FromText(std::string_view text, const Location& where,
                        Validation& validation) const {
  return MakeText(text, where, validation);
}

PyRef LiteralNode::Find(PyObject* value) const {
  const Py_ssize_t count = PyTuple_GET_SIZE(values_.get());
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* constant = PyTuple_GET_ITEM(values_.get(), i);
    if (Py_TYPE(constant) != Py_TYPE(value)) {
      // An enumeration's member stands for its value.
      if (PyLong_CheckExact(constant) || PyUnicode_CheckExact(constant) || PyBool_Check(constant) ||
          constant == Py_None || PyBytes_CheckExact(constant)) {
        continue;
      }
      PyRef inner = PyRef::Steal(PyObject_GetAttrString(constant, "value"));
      if (!inner) return {};
      const int equal = PyObject_RichCompareBool(inner.get(), value, Py_EQ);
      if (equal < 0) return {};
      if (equal == 1 && Py_TYPE(inner.get()) == Py_TYPE(value)) return PyRef::Borrow(constant);
      continue;
    }
    const int equal = PyObject_RichCompareBool(constant, value, Py_EQ);
    if (equal < 0) return {};
    if (equal == 1) return PyRef::Borrow(constant);
  }
  return {};
}

PyRef LiteralNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  PyRef found = Find(value);
  if (found || PyErr_Occurred() != nullptr) return found;
  return Refuse(where, validation, "literal_error", "Input should be " + expected_);
}

PyRef LiteralNode::FromText(std::string_view text, const Location& where,
                            Validation& validation) const {
  PyRef string = MakeText(text, where, validation);
  if (!string) return {};
  PyRef found = Find(string.get());
  if (found || PyErr_Occurred() != nullptr) return found;
  if (validation.strictness == Strictness::kLax) {
    PyRef number;
    if (ParseInteger(text, number) == IntText::kInteger) {
      if (!number) return {};
      found = Find(number.get());
      if (found || PyErr_Occurred() != nullptr) return found;
    }
    if (const std::optional<bool> truth = ParseBool(text); truth.has_value()) {
      found = Find(*truth ? Py_True : Py_False);
      if (found || PyErr_Occurred() != nullptr) return found;
    }
  }
  return Refuse(where, validation, "literal_error", "Input should be " + expected_);
}

EnumNode::EnumNode(PyRef members, PyRef missing, std::string expected)
    : members_(std::move(members)), missing_(std::move(missing)), expected_(std::move(expected)) {
  PyObject* key = nullptr;
  Py_ssize_t place = 0;
  while (PyDict_Next(members_.get(), &place, &key, nullptr) != 0) {
    has_bool_ = has_bool_ || PyBool_Check(key);
  }
}

PyRef EnumNode::Find(PyObject* value) const {
  // True and 1 are equal keys, but not the same value.
  if (PyBool_Check(value) && !has_bool_) return {};
  PyObject* member = nullptr;
  const int found = PyDict_GetItemRef(members_.get(), value, &member);
  if (found == 1) return PyRef::Steal(member);
  // An unhashable value (a list) is not a member.
  if (found < 0) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) return {};
    PyErr_Clear();
  }
  if (missing_.get() == Py_None) return {};
  PyRef made = PyRef::Steal(PyObject_CallOneArg(missing_.get(), value));
  if (!made && PyErr_ExceptionMatches(PyExc_ValueError) != 0) PyErr_Clear();
  return made;
}

PyRef EnumNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  PyRef found = Find(value);
  if (found || PyErr_Occurred() != nullptr) return found;
  return Refuse(where, validation, "enum", "Input should be " + expected_);
}

PyRef EnumNode::FromText(std::string_view text, const Location& where,
                         Validation& validation) const {
  PyRef string = MakeText(text, where, validation);
  if (!string) return {};
  PyRef found = Find(string.get());
  if (found || PyErr_Occurred() != nullptr) return found;
  PyRef number;
  if (validation.strictness == Strictness::kLax &&
      ParseInteger(text, number) == IntText::kInteger) {
    if (!number) return {};
    found = Find(number.get());
    if (found || PyErr_Occurred() != nullptr) return found;
  }
  return Refuse(where, validation, "enum", "Input should be " + expected_);
}

PyRef ConvertNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  PyRef made;
  if (validation.strictness == Strictness::kLax) {
    made = PyRef::Steal(PyObject_CallOneArg(convert_.get(), value));
    if (made) return made;
    if (PyErr_ExceptionMatches(PyExc_ValueError) != 0) {
      std::string message = unparsable_.message;
      const std::string reason = TakeExceptionText();
      if (const std::size_t place = message.find("{}"); place != std::string::npos) {
        message.replace(place, 2, reason);
      }
      return Refuse(where, validation, unparsable_.type, message);
    }
    if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) return {};
    PyErr_Clear();
  }
  return Refuse(where, validation, wrong_type_.type, wrong_type_.message);
}

std::string TakeExceptionText() {
  PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
  PyRef text = exception ? PyRef::Steal(PyObject_Str(exception.get())) : PyRef();
  Py_ssize_t size = 0;
  const char* data = text ? PyUnicode_AsUTF8AndSize(text.get(), &size) : nullptr;
  PyErr_Clear();
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

}  // namespace turbo::pyembed
