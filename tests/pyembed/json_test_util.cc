#include "tests/pyembed/json_test_util.h"

#include <catch2/catch_test_macros.hpp>

#include "engine/http/output_buffer.h"
#include "pyembed/json_decoder.h"
#include "pyembed/json_encoder.h"

namespace turbo::pyembed::testing {
namespace {

std::string TextOf(PyObject* text) {
  const char* const utf8 = PyUnicode_AsUTF8(text);
  REQUIRE(utf8 != nullptr);
  return utf8;
}

}  // namespace

PyRef Evaluate(const std::string& expression, const std::string& setup) {
  const PyRef globals = PyRef::Steal(PyDict_New());
  REQUIRE(PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins()) == 0);
  const PyRef name = PyRef::Steal(PyUnicode_FromString("json_test"));
  REQUIRE(PyDict_SetItemString(globals.get(), "__name__", name.get()) == 0);
  const PyRef ran =
      PyRef::Steal(PyRun_String(setup.c_str(), Py_file_input, globals.get(), globals.get()));
  if (!ran) FAIL(TakeException());
  PyRef value =
      PyRef::Steal(PyRun_String(expression.c_str(), Py_eval_input, globals.get(), globals.get()));
  if (!value) FAIL(TakeException());
  return value;
}

std::string TakeException() {
  const PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
  if (!exception) return "";
  const PyRef message = PyRef::Steal(PyObject_Str(exception.get()));
  REQUIRE(message);
  return std::string(Py_TYPE(exception.get())->tp_name) + ": " + TextOf(message.get());
}

std::string Encode(PyObject* value) {
  engine::OutputBuffer out;
  const bool encoded = EncodeJson(value, out);
  const std::string exception = TakeException();
  CHECK(encoded == exception.empty());
  return encoded ? std::string(out.view()) : exception;
}

std::string Decode(std::string_view text) {
  const PyRef value = DecodeJson(text);
  if (!value) return TakeException();
  CHECK(TakeException().empty());
  const PyRef repr = PyRef::Steal(PyObject_Repr(value.get()));
  REQUIRE(repr);
  return TextOf(repr.get());
}

}  // namespace turbo::pyembed::testing
