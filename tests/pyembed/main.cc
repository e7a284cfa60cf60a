// Runs pyembed's tests within an embedded interpreter: TURBO_TEST_PYTHON's prefix and packages,
// with `_turbo` built in and the `turbo` package importable. Test cases run attached to the main
// thread's state.
#include <Python.h>

#include <catch2/catch_session.hpp>
#include <cstdio>
#include <string>

#include "pyembed/module_state.h"

namespace {

class ConfigScope {
 public:
  ConfigScope() { PyConfig_InitPythonConfig(&config); }
  ~ConfigScope() { PyConfig_Clear(&config); }
  ConfigScope(const ConfigScope&) = delete;
  ConfigScope& operator=(const ConfigScope&) = delete;

  PyConfig config;
};

bool Failed(const PyStatus& status) {
  if (PyStatus_Exception(status) == 0) return false;
  std::fprintf(stderr, "Python does not start: %s\n",
               status.err_msg != nullptr ? status.err_msg : "it asks to exit");
  return true;
}

bool StartPython() {
  if (PyImport_AppendInittab("_turbo", PyInit__turbo) != 0) return false;
  ConfigScope scope;
  PyConfig& config = scope.config;
  config.install_signal_handlers = 0;
  config.parse_argv = 0;
  return !Failed(PyConfig_SetBytesString(&config, &config.executable, TURBO_TEST_PYTHON)) &&
         !Failed(PyConfig_SetBytesString(&config, &config.program_name, TURBO_TEST_PYTHON)) &&
         !Failed(Py_InitializeFromConfig(&config));
}

bool AddPackageDirectory() {
  PyObject* const path = PySys_GetObject("path");  // borrowed
  PyObject* const directory = PyUnicode_DecodeFSDefault(TURBO_TEST_PACKAGE_DIR);
  const bool added = path != nullptr && directory != nullptr && PyList_Check(path) &&
                     PyList_Insert(path, 0, directory) == 0;
  Py_XDECREF(directory);
  return added;
}

}  // namespace

int main(int argc, char* argv[]) {
  if (!StartPython()) return 1;
  if (!AddPackageDirectory()) {
    PyErr_Print();
    return 1;
  }
  int result = Catch::Session().run(argc, argv);
  if (PyErr_Occurred() != nullptr) {
    std::fputs("A test left a Python exception set:\n", stderr);
    PyErr_Print();
    result = 1;
  }
  if (Py_FinalizeEx() != 0) result = 1;
  return result;
}
