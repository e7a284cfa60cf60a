#include "pyembed/params/error_list.h"

#include <utility>

namespace turbo::pyembed {
namespace {

/// The chain as a list, outermost part first.
PyRef LocationList(const Location& where) {
  PyRef list = PyRef::Steal(PyList_New(0));
  if (!list) return {};
  for (const Location* part = &where; part != nullptr; part = part->outer) {
    PyRef item = part->key != nullptr ? PyRef::Borrow(part->key)
                                      : PyRef::Steal(PyLong_FromSsize_t(part->index));
    if (!item || PyList_Append(list.get(), item.get()) != 0) return {};
  }
  if (PyList_Reverse(list.get()) != 0) return {};
  return list;
}

PyRef Text(std::string_view text) {
  return PyRef::Steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

}  // namespace

void ErrorList::Add(const Location& where, std::string_view type, std::string_view message) {
  PyRef loc = LocationList(where);
  if (!loc) return;
  PyRef msg = Text(message);
  if (!msg) return;
  PyRef kind = Text(type);
  if (!kind) return;
  PyRef error = PyRef::Steal(PyDict_New());
  if (!error || PyDict_SetItemString(error.get(), "loc", loc.get()) != 0 ||
      PyDict_SetItemString(error.get(), "msg", msg.get()) != 0 ||
      PyDict_SetItemString(error.get(), "type", kind.get()) != 0) {
    return;
  }
  if (!list_) {
    list_ = PyRef::Steal(PyList_New(0));
    if (!list_) return;
  }
  // A failure leaves the exception set, which the caller sees.
  (void)PyList_Append(list_.get(), error.get());
}

void ErrorList::Append(ErrorList other) {
  if (!other.list_) return;
  if (!list_) {
    list_ = std::move(other.list_);
    return;
  }
  const Py_ssize_t end = PyList_GET_SIZE(list_.get());
  (void)PyList_SetSlice(list_.get(), end, end, other.list_.get());
}

}  // namespace turbo::pyembed
