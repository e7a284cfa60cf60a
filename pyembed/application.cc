#include "pyembed/application.h"

#include <utility>

#include "pyembed/error_report.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed {
namespace {

using engine::ExitCode;
using engine::Fail;
using engine::Result;

// The pending exception as the user's sentence. The loader's own error is one; anything else is a
// surprise and its traceback is logged.
std::string LoadFailure() {
  const PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
  const PyRef load_error = ImportAttribute("turbo._loader", "LoadError");
  if (!load_error) PyErr_Clear();
  if (load_error && PyErr_GivenExceptionMatches(exception.get(), load_error.get()) != 0) {
    return DisplayText(exception.get());
  }
  LogException("The application could not be loaded", exception.get());
  return "The application could not be loaded: " + ExceptionSummary(exception.get()) + ".";
}

std::string NameOf(PyObject* function) {
  const PyRef name = PyRef::Steal(PyObject_GetAttrString(function, "__qualname__"));
  if (name) return DisplayText(name.get());
  PyErr_Clear();
  return TypeName(function);
}

// A copy, so that handlers may register more without disturbing whoever walks over them.
PyRef Hooks(PyObject* compiled, const char* name) {
  const PyRef hooks = PyRef::Steal(PyObject_GetAttrString(compiled, name));
  return hooks ? PyRef::Steal(PySequence_List(hooks.get())) : PyRef();
}

}  // namespace

Result<Application> Application::Load(const Config& config) {
  const PyRef load = ImportAttribute("turbo._loader", "load");
  const PyRef target = PyRef::Steal(PyUnicode_DecodeFSDefault(config.target.c_str()));
  if (!load || !target) return Fail(ExitCode::kLoadFailed, LoadFailure());
  const PyRef loaded = PyRef::Steal(
      PyObject_CallFunctionObjArgs(load.get(), target.get(), config.factory ? Py_True : Py_False,
                                   config.allow_gil ? Py_True : Py_False, nullptr));
  if (!loaded) return Fail(ExitCode::kLoadFailed, LoadFailure());
  PyRef compiled = PyRef::Steal(PyObject_GetAttrString(loaded.get(), "compiled"));
  const PyRef module = PyRef::Steal(PyObject_GetAttrString(loaded.get(), "gil_module"));
  if (!compiled || !module) return Fail(ExitCode::kLoadFailed, LoadFailure());
  return Application(std::move(compiled),
                     Py_IsNone(module.get()) ? std::string() : DisplayText(module.get()));
}

Result<void> Application::RunStartup() const {
  const PyRef hooks = Hooks(compiled_.get(), "on_startup");
  if (!hooks) return Fail(ExitCode::kLoadFailed, LoadFailure());
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks.get()); ++i) {
    PyObject* hook = PyList_GET_ITEM(hooks.get(), i);
    const PyRef result = PyRef::Steal(PyObject_CallNoArgs(hook));
    if (result) continue;
    const PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
    const std::string name = NameOf(hook);
    LogException("The on_startup handler " + name + " raised an exception", exception.get());
    return Fail(ExitCode::kLoadFailed, "The on_startup handler " + name +
                                           " failed: " + ExceptionSummary(exception.get()) + ".");
  }
  return {};
}

void Application::RunShutdown() const noexcept {
  const PyRef hooks = Hooks(compiled_.get(), "on_shutdown");
  if (!hooks) {
    LogPendingException("The on_shutdown handlers cannot be run");
    return;
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks.get()); ++i) {
    PyObject* hook = PyList_GET_ITEM(hooks.get(), i);
    const PyRef result = PyRef::Steal(PyObject_CallNoArgs(hook));
    if (!result)
      LogPendingException("The on_shutdown handler " + NameOf(hook) + " raised an exception");
  }
}

}  // namespace turbo::pyembed
