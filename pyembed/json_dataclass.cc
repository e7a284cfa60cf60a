#include "pyembed/json_dataclass.h"

#include <memory>
#include <utility>

namespace turbo::pyembed {
namespace {

constexpr const char* kCapsuleName = "turbo.dataclass_fields";
constexpr std::size_t kMostTypes =
    1024;  // a program that makes classes without end is not kept from dropping them

void Delete(PyObject* capsule) {
  delete static_cast<DataclassFields*>(PyCapsule_GetPointer(capsule, kCapsuleName));
}

/// dataclasses.fields(type) without its pseudo-fields (ClassVar, InitVar), reduced to names.
PyRef ReadNames(PyObject* fields_function, PyObject* type) {
  const PyRef fields = PyRef::Steal(PyObject_CallOneArg(fields_function, type));
  if (!fields) return {};
  if (!PyTuple_Check(fields.get())) {
    PyErr_SetString(PyExc_TypeError, "dataclasses.fields() returned no tuple");
    return {};
  }
  const Py_ssize_t count = PyTuple_GET_SIZE(fields.get());
  PyRef names = PyRef::Steal(PyTuple_New(count));
  if (!names) return {};
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* name = PyObject_GetAttrString(PyTuple_GET_ITEM(fields.get(), i), "name");
    if (name == nullptr) return {};
    if (!PyUnicode_CheckExact(name)) {
      Py_DECREF(name);
      PyErr_SetString(PyExc_TypeError, "a dataclass field's name is no str");
      return {};
    }
    PyUnicode_InternInPlace(&name);
    PyTuple_SET_ITEM(names.get(), i, name);
  }
  return names;
}

}  // namespace

DataclassFields* DataclassFields::OfThisThread() {
  PyObject* const thread_dict = PyThreadState_GetDict();  // borrowed
  if (thread_dict == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "this thread has no state of its own");
    return nullptr;
  }
  PyObject* found = nullptr;
  if (PyDict_GetItemStringRef(thread_dict, kCapsuleName, &found) < 0) return nullptr;
  if (const PyRef capsule = PyRef::Steal(found)) {
    return static_cast<DataclassFields*>(PyCapsule_GetPointer(capsule.get(), kCapsuleName));
  }
  auto fields = std::make_unique<DataclassFields>();
  const PyRef module = PyRef::Steal(PyImport_ImportModule("dataclasses"));
  if (!module) return nullptr;
  fields->fields_function_ = PyRef::Steal(PyObject_GetAttrString(module.get(), "fields"));
  if (!fields->fields_function_) return nullptr;
  const PyRef capsule = PyRef::Steal(PyCapsule_New(fields.get(), kCapsuleName, Delete));
  if (!capsule) return nullptr;
  DataclassFields* const kept = fields.release();  // the capsule's from here on
  return PyDict_SetItemString(thread_dict, kCapsuleName, capsule.get()) == 0 ? kept : nullptr;
}

PyRef DataclassFields::NamesOf(PyTypeObject* type) {
  if (const auto found = known_.find(type); found != known_.end())
    return found->second.names.Copy();
  auto* const object = reinterpret_cast<PyObject*>(type);
  const int is_dataclass = PyObject_HasAttrStringWithError(object, "__dataclass_fields__");
  if (is_dataclass < 0) return {};
  PyRef names =
      is_dataclass == 0 ? PyRef::Borrow(Py_None) : ReadNames(fields_function_.get(), object);
  if (!names) return {};
  if (known_.size() >= kMostTypes) {
    const auto dropped = std::exchange(
        known_, {});  // first off the table: dropping a type may run code that comes here
  }
  known_.insert_or_assign(type, Entry{PyRef::Borrow(object), names.Copy()});
  return names;
}

}  // namespace turbo::pyembed
