#include "pyembed/params/container_nodes.h"

#include <string>

namespace turbo::pyembed {
namespace {

struct SequenceWords {
  std::string_view type;
  std::string_view message;
};

SequenceWords Words(SequenceKind kind) {
  switch (kind) {
    case SequenceKind::kList:
      return {"list_type", "Input should be a valid list"};
    case SequenceKind::kSet:
      return {"set_type", "Input should be a valid set"};
    case SequenceKind::kFrozenSet:
      return {"frozen_set_type", "Input should be a valid frozenset"};
    case SequenceKind::kTuple:
      return {"tuple_type", "Input should be a valid tuple"};
  }
  return {};
}

/// `items` is a list.
PyRef MakeSet(SequenceKind kind, PyObject* items, const Location& where, Validation& validation) {
  PyRef set = PyRef::Steal(kind == SequenceKind::kSet ? PySet_New(items) : PyFrozenSet_New(items));
  if (set || PyErr_ExceptionMatches(PyExc_TypeError) == 0) return set;
  PyErr_Clear();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items); ++i) {
    if (PyObject_Hash(PyList_GET_ITEM(items, i)) != -1) continue;
    PyErr_Clear();
    return Refuse({.outer = &where, .index = i}, validation, "set_item_not_hashable",
                  "Set items should be hashable");
  }
  return Refuse(where, validation, "set_item_not_hashable", "Set items should be hashable");
}

}  // namespace

PyRef SequenceNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (!PyList_Check(value)) {
    const SequenceWords words = Words(kind_);
    return Refuse(where, validation, words.type, words.message);
  }
  if (item_.accepts_all()) {
    switch (kind_) {
      case SequenceKind::kList:
        return PyRef::Borrow(value);
      case SequenceKind::kTuple:
        return PyRef::Steal(PyList_AsTuple(value));
      default:
        return MakeSet(kind_, value, where, validation);
    }
  }
  const Py_ssize_t count = PyList_GET_SIZE(value);
  const bool is_tuple = kind_ == SequenceKind::kTuple;
  PyRef items = PyRef::Steal(is_tuple ? PyTuple_New(count) : PyList_New(count));
  if (!items) return {};
  bool refused = false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyRef item =
        item_.FromJson(PyList_GET_ITEM(value, i), {.outer = &where, .index = i}, validation);
    if (!item) {
      if (PyErr_Occurred() != nullptr) return {};
      refused = true;
    } else if (is_tuple) {
      PyTuple_SET_ITEM(items.get(), i, item.Release());
    } else {
      PyList_SET_ITEM(items.get(), i, item.Release());
    }
  }
  if (refused) return {};
  if (kind_ == SequenceKind::kList || is_tuple) return items;
  return MakeSet(kind_, items.get(), where, validation);
}

PyRef FixedTupleNode::FromJson(PyObject* value, const Location& where,
                               Validation& validation) const {
  if (!PyList_Check(value)) {
    return Refuse(where, validation, "tuple_type", "Input should be a valid tuple");
  }
  const Py_ssize_t given = PyList_GET_SIZE(value);
  const auto wanted = static_cast<Py_ssize_t>(items_.size());
  PyRef tuple = PyRef::Steal(PyTuple_New(wanted));
  if (!tuple) return {};
  bool refused = false;
  for (Py_ssize_t i = 0; i < wanted; ++i) {
    const Location place{.outer = &where, .index = i};
    PyRef item;
    if (i < given) {
      item = items_[static_cast<std::size_t>(i)]->FromJson(PyList_GET_ITEM(value, i), place,
                                                           validation);
    } else {
      validation.errors.Add(place, "missing", "Field required");
    }
    if (!item) {
      if (PyErr_Occurred() != nullptr) return {};
      refused = true;
      continue;
    }
    PyTuple_SET_ITEM(tuple.get(), i, item.Release());
  }
  if (refused) return {};
  if (given > wanted) {
    return Refuse(where, validation, "too_long",
                  "Tuple should have at most " + std::to_string(wanted) + " item" +
                      (wanted == 1 ? "" : "s") + " after validation, not " + std::to_string(given));
  }
  return tuple;
}

PyRef DictNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (!PyDict_Check(value)) {
    return Refuse(where, validation, "dict_type", "Input should be a valid dictionary");
  }
  if (keys_are_text_ && value_.accepts_all()) return PyRef::Borrow(value);
  PyRef dict = PyRef::Steal(PyDict_New());
  if (!dict) return {};
  bool refused = false;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t place = 0;
  while (PyDict_Next(value, &place, &key, &item) != 0) {
    // Converting may run Python code (a dataclass): hold what the iteration lent.
    const PyRef held_key = PyRef::Borrow(key);
    const PyRef held_item = PyRef::Borrow(item);
    const Location at{.outer = &where, .key = held_key.get()};
    PyRef new_key;
    if (keys_are_text_) {
      new_key = held_key.Copy();
    } else {
      const PyRef mark = PyRef::Steal(PyUnicode_FromString("[key]"));
      if (!mark) return {};
      new_key = key_.FromJson(held_key.get(), {.outer = &at, .key = mark.get()}, validation);
    }
    if (!new_key && PyErr_Occurred() != nullptr) return {};
    PyRef new_item = value_.FromJson(held_item.get(), at, validation);
    if (!new_item && PyErr_Occurred() != nullptr) return {};
    if (!new_key || !new_item) {
      refused = true;
    } else if (PyDict_SetItem(dict.get(), new_key.get(), new_item.get()) != 0) {
      return {};
    }
  }
  return refused ? PyRef() : std::move(dict);
}

PyRef OptionalNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  if (value == Py_None) return PyRef::Borrow(value);
  return inner_.FromJson(value, where, validation);
}

PyRef OptionalNode::FromText(std::string_view text, const Location& where,
                             Validation& validation) const {
  return inner_.FromText(text, where, validation);
}

template <typename Convert>
PyRef UnionNode::FirstThatTakes(const Location& where, Validation& validation,
                                const Convert& convert) const {
  for (const Member& member : members_) {
    ErrorList ignored;
    Validation exact{.errors = ignored, .strictness = Strictness::kExact};
    PyRef result = convert(*member.node, where, exact);
    if (result || PyErr_Occurred() != nullptr) return result;
  }
  if (validation.strictness == Strictness::kExact) {
    return Refuse(where, validation, "union", "Input should be of one of the types");
  }
  ErrorList errors;
  for (const Member& member : members_) {
    Validation lax{.errors = errors};
    PyRef result = convert(*member.node, Location{.outer = &where, .key = member.label.get()}, lax);
    if (result || PyErr_Occurred() != nullptr) return result;
  }
  validation.errors.Append(std::move(errors));
  return {};
}

PyRef UnionNode::FromJson(PyObject* value, const Location& where, Validation& validation) const {
  return FirstThatTakes(where, validation,
                        [value](const Node& node, const Location& at, Validation& attempt) {
                          return node.FromJson(value, at, attempt);
                        });
}

PyRef UnionNode::FromText(std::string_view text, const Location& where,
                          Validation& validation) const {
  return FirstThatTakes(where, validation,
                        [text](const Node& node, const Location& at, Validation& attempt) {
                          return node.FromText(text, at, attempt);
                        });
}

}  // namespace turbo::pyembed
