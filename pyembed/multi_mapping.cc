#include "pyembed/multi_mapping.h"

#include <optional>
#include <string>
#include <utility>

#include "pyembed/params/query_string.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed {
namespace {

struct MultiMapping {
  PyObject_HEAD PyObject* pairs;  // list of (str, str); owned, never changed
};

PyObject* Pairs(PyObject* self) { return reinterpret_cast<MultiMapping*>(self)->pairs; }

PyObject* NameAt(PyObject* pairs, Py_ssize_t index) {
  return PyTuple_GET_ITEM(PyList_GET_ITEM(pairs, index), 0);
}

PyObject* ValueAt(PyObject* pairs, Py_ssize_t index) {
  return PyTuple_GET_ITEM(PyList_GET_ITEM(pairs, index), 1);
}

bool SameText(PyObject* a, PyObject* b) { return a == b || PyUnicode_Compare(a, b) == 0; }

// How the two types differ.
struct HeaderRules {
  static constexpr bool kFirstCounts = true;
  static PyRef Key(PyObject* name) {
    return PyRef::Steal(PyObject_CallMethod(name, "lower", nullptr));
  }
};

struct QueryRules {
  static constexpr bool kFirstCounts = false;
  static PyRef Key(PyObject* name) { return PyRef::Borrow(name); }
};

// Where the value of `key` that counts stands, or -1.
template <typename Rules>
Py_ssize_t Find(PyObject* pairs, PyObject* key) {
  const Py_ssize_t count = PyList_GET_SIZE(pairs);
  if constexpr (Rules::kFirstCounts) {
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (SameText(NameAt(pairs, i), key)) return i;
    }
  } else {
    for (Py_ssize_t i = count - 1; i >= 0; --i) {
      if (SameText(NameAt(pairs, i), key)) return i;
    }
  }
  return -1;
}

// The index of `name`, -1 if it is absent, -2 with an exception set.
template <typename Rules>
Py_ssize_t Lookup(PyObject* self, PyObject* name) {
  if (!PyUnicode_Check(name)) return -1;
  const PyRef key = Rules::Key(name);
  if (!key) return -2;
  return Find<Rules>(Pairs(self), key.get());
}

template <typename Rules>
PyObject* Subscript(PyObject* self, PyObject* name) {
  const Py_ssize_t index = Lookup<Rules>(self, name);
  if (index >= 0) return Py_NewRef(ValueAt(Pairs(self), index));
  if (index == -1) PyErr_SetObject(PyExc_KeyError, name);
  return nullptr;
}

template <typename Rules>
int Contains(PyObject* self, PyObject* name) {
  const Py_ssize_t index = Lookup<Rules>(self, name);
  return index == -2 ? -1 : index >= 0;
}

template <typename Rules>
PyObject* Get(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (count < 1 || count > 2) {
    PyErr_SetString(PyExc_TypeError, "get() takes a name and an optional default");
    return nullptr;
  }
  const Py_ssize_t index = Lookup<Rules>(self, args[0]);
  if (index == -2) return nullptr;
  if (index >= 0) return Py_NewRef(ValueAt(Pairs(self), index));
  return Py_NewRef(count == 2 ? args[1] : Py_None);
}

template <typename Rules>
PyObject* GetList(PyObject* self, PyObject* name) {
  PyRef values = PyRef::Steal(PyList_New(0));
  if (!values || !PyUnicode_Check(name)) return values.Release();
  const PyRef key = Rules::Key(name);
  if (!key) return nullptr;
  PyObject* pairs = Pairs(self);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); ++i) {
    if (SameText(NameAt(pairs, i), key.get()) &&
        PyList_Append(values.get(), ValueAt(pairs, i)) < 0) {
      return nullptr;
    }
  }
  return values.Release();
}

// A plain dict of each name, in order of first appearance, with the value that counts.
template <typename Rules>
PyRef ToDict(PyObject* self) {
  PyRef dict = PyRef::Steal(PyDict_New());
  if (!dict) return {};
  PyObject* pairs = Pairs(self);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); ++i) {
    PyObject* name = NameAt(pairs, i);
    if constexpr (Rules::kFirstCounts) {
      if (PyDict_SetDefaultRef(dict.get(), name, ValueAt(pairs, i), nullptr) < 0) return {};
    } else {
      if (PyDict_SetItem(dict.get(), name, ValueAt(pairs, i)) < 0) return {};
    }
  }
  return dict;
}

template <typename Rules>
Py_ssize_t Length(PyObject* self) {
  const PyRef dict = ToDict<Rules>(self);
  return dict ? PyDict_Size(dict.get()) : -1;
}

template <typename Rules>
PyObject* Iterate(PyObject* self) {
  const PyRef dict = ToDict<Rules>(self);
  return dict ? PyObject_GetIter(dict.get()) : nullptr;
}

template <typename Rules>
PyObject* DictView(PyObject* self, const char* method) {
  const PyRef dict = ToDict<Rules>(self);
  return dict ? PyObject_CallMethod(dict.get(), method, nullptr) : nullptr;
}

template <typename Rules>
PyObject* Keys(PyObject* self, PyObject* /*unused*/) {
  return DictView<Rules>(self, "keys");
}

template <typename Rules>
PyObject* Values(PyObject* self, PyObject* /*unused*/) {
  return DictView<Rules>(self, "values");
}

template <typename Rules>
PyObject* Items(PyObject* self, PyObject* /*unused*/) {
  return DictView<Rules>(self, "items");
}

PyObject* MultiItems(PyObject* self, PyObject* /*unused*/) {
  return PyList_GetSlice(Pairs(self), 0, PyList_GET_SIZE(Pairs(self)));
}

template <typename Rules>
PyObject* Compare(PyObject* self, PyObject* other, int operation) {
  if (operation != Py_EQ && operation != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  if (Py_TYPE(self) == Py_TYPE(other)) {
    return PyObject_RichCompare(Pairs(self), Pairs(other), operation);
  }
  if (!PyDict_Check(other)) Py_RETURN_NOTIMPLEMENTED;
  const PyRef dict = ToDict<Rules>(self);
  return dict ? PyObject_RichCompare(dict.get(), other, operation) : nullptr;
}

PyObject* Represent(PyObject* self) {
  const PyRef name = PyRef::Steal(PyType_GetName(Py_TYPE(self)));
  if (!name) return nullptr;
  return PyUnicode_FromFormat("%U(%R)", name.get(), Pairs(self));
}

void Dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  Py_XDECREF(Pairs(self));
  type->tp_free(self);
  Py_DECREF(type);
}

template <typename Rules>
PyRef MakeType(PyObject* module, const char* name, const char* doc) {
  static PyMethodDef methods[] = {
      {"get", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Get<Rules>)),
       METH_FASTCALL, "get(name, default=None): the value that counts, or the default."},
      {"getlist", GetList<Rules>, METH_O, "getlist(name): all values of a name, in order."},
      {"keys", Keys<Rules>, METH_NOARGS, "The names, each once."},
      {"values", Values<Rules>, METH_NOARGS, "The value that counts of each name."},
      {"items", Items<Rules>, METH_NOARGS, "Each name with the value that counts."},
      {"multi_items", MultiItems, METH_NOARGS, "Every pair, in order, duplicates included."},
      {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {Py_tp_repr, reinterpret_cast<void*>(Represent)},
      {Py_tp_richcompare, reinterpret_cast<void*>(Compare<Rules>)},
      {Py_tp_hash, reinterpret_cast<void*>(PyObject_HashNotImplemented)},
      {Py_tp_iter, reinterpret_cast<void*>(Iterate<Rules>)},
      {Py_tp_methods, methods},
      {Py_tp_doc, const_cast<char*>(doc)},
      {Py_mp_length, reinterpret_cast<void*>(Length<Rules>)},
      {Py_mp_subscript, reinterpret_cast<void*>(Subscript<Rules>)},
      {Py_sq_contains, reinterpret_cast<void*>(Contains<Rules>)},
      {0, nullptr},
  };
  PyType_Spec spec = {name, static_cast<int>(sizeof(MultiMapping)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_MAPPING |
                          Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  return PyRef::Steal(PyType_FromModuleAndSpec(module, &spec, nullptr));
}

}  // namespace

PyRef MakeHeadersType(PyObject* module) {
  return MakeType<HeaderRules>(module, "turbo.Headers",
                               "The header fields of a request; names in any case.");
}

PyRef MakeQueryParamsType(PyObject* module) {
  return MakeType<QueryRules>(module, "turbo.QueryParams",
                              "The query's parameters; the last value of a name counts.");
}

PyRef MakeMultiMapping(PyObject* type, PyRef pairs) {
  auto* py_type = reinterpret_cast<PyTypeObject*>(type);
  PyRef object = PyRef::Steal(py_type->tp_alloc(py_type, 0));
  if (object) reinterpret_cast<MultiMapping*>(object.get())->pairs = pairs.Release();
  return object;
}

PyObject* MultiMappingPairs(PyObject* mapping) noexcept { return Pairs(mapping); }

PyRef ParseQueryPairs(std::string_view query) {
  PyRef pairs = PyRef::Steal(PyList_New(0));
  if (!pairs) return {};
  QueryCursor cursor(query);
  std::string scratch;
  while (const std::optional<QueryPair> raw = cursor.Next()) {
    const PyRef name = TextFromBytes(DecodeQueryText(raw->name, scratch));
    const PyRef value = TextFromBytes(DecodeQueryText(raw->value, scratch));
    if (!name || !value) return {};
    const PyRef pair = PyRef::Steal(PyTuple_Pack(2, name.get(), value.get()));
    if (!pair || PyList_Append(pairs.get(), pair.get()) < 0) return {};
  }
  return pairs;
}

}  // namespace turbo::pyembed
