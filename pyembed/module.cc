// The native module `_turbo`: built into the workers, an extension module elsewhere.
#include <Python.h>

#include <array>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/http/output_buffer.h"
#include "pyembed/dispatcher.h"
#include "pyembed/json_decoder.h"
#include "pyembed/json_encoder.h"
#include "pyembed/module_state.h"
#include "pyembed/multi_mapping.h"
#include "pyembed/py_util.h"
#include "pyembed/request_object.h"

namespace turbo::pyembed {
namespace {

PyObject* JsonEncode(PyObject* /*module*/, PyObject* value) {
  engine::OutputBuffer out;
  if (!EncodeJson(value, out)) return nullptr;
  return PyBytes_FromStringAndSize(out.data(), static_cast<Py_ssize_t>(out.size()));
}

PyObject* JsonDecode(PyObject* /*module*/, PyObject* text) {
  if (PyUnicode_Check(text)) {
    const std::optional<std::string_view> view = Utf8View(text);
    return view ? DecodeJson(*view).Release() : nullptr;
  }
  Py_buffer buffer;
  if (PyObject_GetBuffer(text, &buffer, PyBUF_SIMPLE) < 0) return nullptr;
  PyRef value =
      DecodeJson({static_cast<const char*>(buffer.buf), static_cast<std::size_t>(buffer.len)});
  PyBuffer_Release(&buffer);
  return value.Release();
}

PyRef* TypesOf(ModuleState& state, std::size_t index) {
  const std::array<PyRef*, 5> types = {&state.request_type, &state.headers_type,
                                       &state.query_params_type, &state.dispatcher_type,
                                       &state.namespace_type};
  return index < types.size() ? types[index] : nullptr;
}

bool RegisterAsMapping(PyObject* type) {
  const PyRef mapping = ImportAttribute("collections.abc", "Mapping");
  if (!mapping) return false;
  return static_cast<bool>(PyRef::Steal(PyObject_CallMethod(mapping.get(), "register", "O", type)));
}

int Execute(PyObject* module) {
  auto* state = new (PyModule_GetState(module)) ModuleState();
  state->headers_type = MakeHeadersType(module);
  state->query_params_type = MakeQueryParamsType(module);
  state->request_type = MakeRequestType(module);
  state->dispatcher_type = MakeDispatcherType(module);
  state->namespace_type = ImportAttribute("types", "SimpleNamespace");
  const std::array<std::pair<const char*, PyRef*>, 4> types = {{
      {"Headers", &state->headers_type},
      {"QueryParams", &state->query_params_type},
      {"Request", &state->request_type},
      {"Dispatcher", &state->dispatcher_type},
  }};
  for (const auto& [name, type] : types) {
    if (!*type || PyModule_AddObjectRef(module, name, type->get()) < 0) return -1;
  }
  if (!state->namespace_type) return -1;
  return RegisterAsMapping(state->headers_type.get()) &&
                 RegisterAsMapping(state->query_params_type.get())
             ? 0
             : -1;
}

int Traverse(PyObject* module, visitproc visit, void* arg) {
  ModuleState* state = StateOfModule(module);
  if (state == nullptr) return 0;
  for (std::size_t i = 0; PyRef* type = TypesOf(*state, i); ++i) Py_VISIT(type->get());
  return 0;
}

int Clear(PyObject* module) {
  ModuleState* state = StateOfModule(module);
  if (state == nullptr) return 0;
  for (std::size_t i = 0; PyRef* type = TypesOf(*state, i); ++i) *type = PyRef();
  return 0;
}

void Free(void* module) { Clear(static_cast<PyObject*>(module)); }

}  // namespace

ModuleState* StateOfModule(PyObject* module) noexcept {
  return static_cast<ModuleState*>(PyModule_GetState(module));
}

PyRef ImportTurboModule() { return PyRef::Steal(PyImport_ImportModule("_turbo")); }

namespace {

PyObject* InitModule() {
  static PyMethodDef methods[] = {
      {"json_encode", JsonEncode, METH_O,
       "json_encode(value): value as JSON, in bytes; what a handler's return value becomes."},
      {"json_decode", JsonDecode, METH_O,
       "json_decode(text): the value of JSON text (str or bytes-like)."},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyModuleDef_Slot slots[] = {
      {Py_mod_exec, reinterpret_cast<void*>(Execute)},
      {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
      {Py_mod_gil, Py_MOD_GIL_NOT_USED},
      {0, nullptr},
  };
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                   "_turbo",
                                   "The compiled part of turbo.",
                                   static_cast<Py_ssize_t>(sizeof(ModuleState)),
                                   methods,
                                   slots,
                                   Traverse,
                                   Clear,
                                   Free};
  return PyModuleDef_Init(&definition);
}

}  // namespace
}  // namespace turbo::pyembed

PyMODINIT_FUNC PyInit__turbo() { return turbo::pyembed::InitModule(); }
