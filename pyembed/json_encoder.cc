#include "pyembed/json_encoder.h"

#include <cmath>
#include <new>

#include "pyembed/json_dataclass.h"
#include "pyembed/json_sink.h"
#include "pyembed/json_text.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {
namespace {

/// Holds `object`'s lock on free-threaded builds (PEP 703), nothing elsewhere.
class CriticalSection {
 public:
#ifdef Py_GIL_DISABLED
  explicit CriticalSection(PyObject* object) { PyCriticalSection_Begin(&section_, object); }
  ~CriticalSection() { PyCriticalSection_End(&section_); }
#else
  explicit CriticalSection(PyObject*) {}
#endif
  CriticalSection(const CriticalSection&) = delete;
  CriticalSection& operator=(const CriticalSection&) = delete;

 private:
#ifdef Py_GIL_DISABLED
  PyCriticalSection section_;
#endif
};

/// A container that is being written, and those around it.
struct Frame {
  PyObject* object;
  const Frame* outer;
  int depth;
};

/// Nesting is compared with what is around it only from here on: a cycle goes deep soon enough.
constexpr int kDepthToSearchForCycles = 16;

enum class Written : unsigned char { kYes, kFailed, kNotScalar };

class Encoder {
 public:
  explicit Encoder(engine::OutputBuffer& out) : sink_(out) {}

  bool Any(PyObject* value, const Frame* outer) {
    const Written scalar = ExactScalar(value);
    return scalar == Written::kNotScalar ? Other(value, outer) : scalar == Written::kYes;
  }

 private:
  // What has exactly one of these types runs no Python code when written, so that a borrowed
  // reference will do.
  Written ExactScalar(PyObject* value) {
    PyTypeObject* const type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
      WriteJsonString(sink_, value);
      return Written::kYes;
    }
    if (type == &PyLong_Type) return Integer(value) ? Written::kYes : Written::kFailed;
    if (type == &PyFloat_Type) return Float(value) ? Written::kYes : Written::kFailed;
    if (value == Py_None) {
      sink_.Put("null");
    } else if (value == Py_True) {
      sink_.Put("true");
    } else if (value == Py_False) {
      sink_.Put("false");
    } else {
      return Written::kNotScalar;
    }
    return Written::kYes;
  }

  bool Element(PyObject* value, const Frame& frame) {
    const Written scalar = ExactScalar(value);
    if (scalar != Written::kNotScalar) [[likely]] {
      return scalar == Written::kYes;
    }
    const PyRef held = PyRef::Borrow(value);  // its container may change meanwhile
    return Other(value, &frame);
  }

  bool Other(PyObject* value, const Frame* outer) {
    PyTypeObject* const type = Py_TYPE(value);
    if (type == &PyDict_Type) return Dict(value, outer);
    if (type == &PyList_Type) return List(value, outer);
    if (type == &PyTuple_Type) return Tuple(value, outer);
    return Subclass(value, outer);
  }

  /// In json's order: a str that is also something else is a str.
  bool Subclass(PyObject* value, const Frame* outer) {
    if (PyUnicode_Check(value)) {
      WriteJsonString(sink_, value);
      return true;
    }
    if (PyLong_Check(value)) return Integer(value);
    if (PyFloat_Check(value)) return Float(value);
    if (PyList_Check(value) || PyTuple_Check(value)) return Iterated(value, outer);
    if (PyDict_Check(value)) return Items(value, outer);
    return Dataclass(value, outer);
  }

  bool Integer(PyObject* value) {
    if (PyUnstable_Long_IsCompact(reinterpret_cast<PyLongObject*>(value))) [[likely]] {
      WriteJsonInteger(sink_, PyUnstable_Long_CompactValue(reinterpret_cast<PyLongObject*>(value)));
      return true;
    }
    int overflow = 0;
    const long long small = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) {
      WriteJsonInteger(sink_, small);
      return true;
    }
    // int.__repr__ whatever the subclass; it holds to sys.set_int_max_str_digits, as json does.
    const PyRef digits = PyRef::Steal(PyLong_Type.tp_repr(value));
    if (!digits) return false;
    sink_.Put({static_cast<const char*>(PyUnicode_DATA(digits.get())),
               static_cast<std::size_t>(PyUnicode_GET_LENGTH(digits.get()))});
    return true;
  }

  bool Float(PyObject* value) {
    const double number = PyFloat_AS_DOUBLE(value);
    if (std::isfinite(number)) [[likely]] {
      WriteJsonDouble(sink_, number);
      return true;
    }
    const PyRef text = PyRef::Steal(PyFloat_Type.tp_repr(value));
    if (text)
      PyErr_Format(PyExc_ValueError, "Out of range float values are not JSON compliant: %U",
                   text.get());
    return false;
  }

  /// False with ValueError set if `frame` is one too many.
  static bool MayEnter(const Frame& frame) {
    if (frame.depth < kDepthToSearchForCycles) [[likely]] {
      return true;
    }
    for (const Frame* around = frame.outer; around != nullptr; around = around->outer) {
      if (around->object == frame.object) {
        PyErr_SetString(PyExc_ValueError, "Circular reference detected");
        return false;
      }
    }
    if (frame.depth <= kMaxJsonDepth) return true;
    PyErr_Format(PyExc_ValueError, "Objects nested deeper than %d are not written as JSON",
                 kMaxJsonDepth);
    return false;
  }

  static Frame FrameOf(PyObject* object, const Frame* outer) {
    return {object, outer, outer == nullptr ? 1 : outer->depth + 1};
  }

  // Containers write a ',' behind each element; the last becomes the closing bracket.

  bool Dict(PyObject* dict, const Frame* outer) {
    const Frame frame = FrameOf(dict, outer);
    if (!MayEnter(frame)) return false;
    const CriticalSection lock(dict);
    const Py_ssize_t size = PyDict_GET_SIZE(dict);
    if (size == 0) {
      sink_.Put("{}");
      return true;
    }
    sink_.Put('{');
    Py_ssize_t position = 0;
    PyObject* key = nullptr;  // borrowed: scalars only, Element sees to the others
    PyObject* value = nullptr;
    while (PyDict_Next(dict, &position, &key, &value) != 0) {
      if (!Key(key)) return false;
      sink_.Put(':');
      if (!Element(value, frame)) return false;
      sink_.Put(',');
      if (PyDict_GET_SIZE(dict) != size) [[unlikely]] {
        PyErr_SetString(PyExc_RuntimeError, "dictionary changed size during iteration");
        return false;
      }
    }
    sink_.ReplaceLast('}');
    return true;
  }

  /// A dict subclass decides by items() what it holds.
  bool Items(PyObject* mapping, const Frame* outer) {
    const Frame frame = FrameOf(mapping, outer);
    if (!MayEnter(frame)) return false;
    if (PyDict_GET_SIZE(mapping) == 0) {
      sink_.Put("{}");
      return true;
    }
    const PyRef items = PyRef::Steal(PyMapping_Items(mapping));
    if (!items) return false;
    sink_.Put('{');
    const Py_ssize_t count = PyList_GET_SIZE(items.get());
    for (Py_ssize_t i = 0; i < count; ++i) {
      const PyRef item = PyRef::Steal(PyList_GetItemRef(items.get(), i));
      if (!item) return false;
      if (!PyTuple_Check(item.get()) || PyTuple_GET_SIZE(item.get()) != 2) {
        PyErr_SetString(PyExc_ValueError, "items must return 2-tuples");
        return false;
      }
      if (!Key(PyTuple_GET_ITEM(item.get(), 0))) return false;
      sink_.Put(':');
      if (!Element(PyTuple_GET_ITEM(item.get(), 1), frame)) return false;
      sink_.Put(',');
    }
    Close('}', count);
    return true;
  }

  bool List(PyObject* list, const Frame* outer) {
    const Frame frame = FrameOf(list, outer);
    if (!MayEnter(frame)) return false;
    const CriticalSection lock(list);
    sink_.Put('[');
    Py_ssize_t i = 0;
    for (; i < PyList_GET_SIZE(list); ++i) {
      if (!Element(PyList_GET_ITEM(list, i), frame)) return false;
      sink_.Put(',');
    }
    Close(']', i);
    return true;
  }

  bool Tuple(PyObject* tuple, const Frame* outer) {
    const Frame frame = FrameOf(tuple, outer);
    if (!MayEnter(frame)) return false;
    sink_.Put('[');
    const Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (!Element(PyTuple_GET_ITEM(tuple, i), frame)) return false;
      sink_.Put(',');
    }
    Close(']', count);
    return true;
  }

  /// A list or tuple subclass decides by __iter__ what it holds; a named tuple leaves that to
  /// tuple.
  bool Iterated(PyObject* sequence, const Frame* outer) {
    if (Py_TYPE(sequence)->tp_iter == PyTuple_Type.tp_iter && PyTuple_Check(sequence))
      return Tuple(sequence, outer);
    if (Py_TYPE(sequence)->tp_iter == PyList_Type.tp_iter && PyList_Check(sequence))
      return List(sequence, outer);
    const Frame frame = FrameOf(sequence, outer);
    if (!MayEnter(frame)) return false;
    const PyRef list = PyRef::Steal(PySequence_List(sequence));
    return list && List(list.get(), &frame);
  }

  bool Dataclass(PyObject* object, const Frame* outer) {
    if (dataclass_fields_ == nullptr) dataclass_fields_ = DataclassFields::OfThisThread();
    if (dataclass_fields_ == nullptr) return false;
    const PyRef names = dataclass_fields_->NamesOf(Py_TYPE(object));
    if (!names) return false;
    if (names.get() == Py_None) return NotSerialisable(object);

    const Frame frame = FrameOf(object, outer);
    if (!MayEnter(frame)) return false;
    sink_.Put('{');
    const Py_ssize_t count = PyTuple_GET_SIZE(names.get());
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* const name = PyTuple_GET_ITEM(names.get(), i);
      const PyRef value = PyRef::Steal(PyObject_GetAttr(object, name));
      if (!value) return false;
      WriteJsonString(sink_, name);
      sink_.Put(':');
      if (!Any(value.get(), &frame)) return false;
      sink_.Put(',');
    }
    Close('}', count);
    return true;
  }

  void Close(char bracket, Py_ssize_t count) {
    if (count > 0) {
      sink_.ReplaceLast(bracket);
    } else {
      sink_.Put(bracket);
    }
  }

  bool Key(PyObject* key) {
    if (PyUnicode_Check(key)) [[likely]] {
      WriteJsonString(sink_, key);
      return true;
    }
    if (!PyFloat_Check(key) && !PyLong_Check(key) && key != Py_None) {
      PyErr_Format(PyExc_TypeError, "keys must be str, int, float, bool or None, not %.100s",
                   Py_TYPE(key)->tp_name);
      return false;
    }
    sink_.Put('"');
    const Written scalar = ExactScalar(key);
    if (scalar == Written::kFailed) return false;
    if (scalar == Written::kNotScalar && !(PyFloat_Check(key) ? Float(key) : Integer(key)))
      return false;
    sink_.Put('"');
    return true;
  }

  static bool NotSerialisable(PyObject* object) {
    const PyRef name = PyRef::Steal(PyType_GetName(Py_TYPE(object)));
    if (name) {
      PyErr_Format(PyExc_TypeError,
                   "Object of type %U is not JSON serializable; make it a str, int, float, bool, "
                   "None, list, "
                   "tuple, dict or dataclass first",
                   name.get());
    }
    return false;
  }

  JsonSink sink_;
  DataclassFields* dataclass_fields_ = nullptr;  // fetched when the first object asks for it
};

}  // namespace

bool EncodeJson(PyObject* value, engine::OutputBuffer& out) {
  try {
    return Encoder(out).Any(value, nullptr);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
}

}  // namespace turbo::pyembed
