#include "pyembed/py_util.h"

#include <new>

namespace turbo::pyembed {

PyRef ImportAttribute(const char* module, const char* name) {
  const PyRef imported = PyRef::Steal(PyImport_ImportModule(module));
  if (!imported) return {};
  return PyRef::Steal(PyObject_GetAttrString(imported.get(), name));
}

std::optional<std::string_view> Utf8View(PyObject* text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text, &size);
  if (data == nullptr) return std::nullopt;
  return std::string_view(data, static_cast<std::size_t>(size));
}

std::string DisplayText(PyObject* object) noexcept {
  const PyRef text = PyRef::Steal(PyObject_Str(object));
  PyRef bytes;
  if (text) {
    bytes = PyRef::Steal(PyUnicode_AsEncodedString(text.get(), "utf-8", "backslashreplace"));
  }
  if (!bytes) {
    PyErr_Clear();
    return "<not printable>";
  }
  return {PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))};
}

std::string TypeName(PyObject* object) noexcept {
  // Builtins have no dot in tp_name; types made by `class` statements carry their module elsewhere.
  const PyRef name = PyRef::Steal(PyType_GetFullyQualifiedName(Py_TYPE(object)));
  if (!name) {
    PyErr_Clear();
    return Py_TYPE(object)->tp_name;
  }
  return DisplayText(name.get());
}

PyRef TextFromBytes(std::string_view bytes) {
  return PyRef::Steal(
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
}

PyRef TextFromLatin1(std::string_view bytes) {
  return PyRef::Steal(
      PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr));
}

bool IsUniquelyReferenced(PyObject* object) noexcept {
#if PY_VERSION_HEX >= 0x030E0000
  return PyUnstable_Object_IsUniquelyReferenced(object) != 0;
#else
  return Py_REFCNT(object) == 1;
#endif
}

void ShareAcrossThreads(PyObject* object) noexcept {
#if PY_VERSION_HEX >= 0x030E0000
  PyUnstable_Object_EnableDeferredRefcount(object);
#else
  static_cast<void>(object);
#endif
}

bool GilEnabled() noexcept {
#ifdef Py_GIL_DISABLED
  const PyRef check = ImportAttribute("sys", "_is_gil_enabled");
  const PyRef answer = check ? PyRef::Steal(PyObject_CallNoArgs(check.get())) : PyRef();
  if (!answer) {
    PyErr_Clear();
    return true;
  }
  return answer.get() == Py_True;
#else
  return true;
#endif
}

}  // namespace turbo::pyembed
