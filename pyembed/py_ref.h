// An owned reference to a Python object. Made only by Steal (takes the reference that a C-API call
// returned) or Borrow (adds one). A raw PyObject* is a borrowed argument, never a member. Needs an
// attached thread state for all but moves.
#pragma once

#include <Python.h>

#include <utility>

namespace turbo::pyembed {

class PyRef {
 public:
  PyRef() noexcept = default;
  static PyRef Steal(PyObject* object) noexcept { return PyRef(object); }
  static PyRef Borrow(PyObject* object) noexcept { return PyRef(Py_XNewRef(object)); }

  PyRef(PyRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef& operator=(PyRef&& other) noexcept {
    if (this != &other) {
      PyObject* old = std::exchange(object_, std::exchange(other.object_, nullptr));
      Py_XDECREF(old);
    }
    return *this;
  }
  PyRef(const PyRef&) = delete;
  PyRef& operator=(const PyRef&) = delete;
  ~PyRef() { Py_XDECREF(object_); }

  [[nodiscard]] PyObject* get() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

  /// Gives the reference up to the caller.
  [[nodiscard]] PyObject* Release() noexcept { return std::exchange(object_, nullptr); }
  /// A second owned reference to the same object.
  [[nodiscard]] PyRef Copy() const noexcept { return Borrow(object_); }

 private:
  explicit PyRef(PyObject* object) noexcept : object_(object) {}
  PyObject* object_ = nullptr;
};

}  // namespace turbo::pyembed
