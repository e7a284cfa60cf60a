#include "pyembed/params/plan.h"

#include <optional>
#include <string_view>

#include "pyembed/params/class_nodes.h"
#include "pyembed/params/container_nodes.h"
#include "pyembed/params/scalar_nodes.h"

namespace turbo::pyembed {
namespace {

std::optional<std::string> AsString(PyObject* object) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(object, &size);
  if (data == nullptr) return std::nullopt;
  return std::string(data, static_cast<std::size_t>(size));
}

std::optional<ConvertNode::Words> AsWords(PyObject* pair) {
  const char* type = nullptr;
  const char* message = nullptr;
  if (!PyTuple_Check(pair) || PyArg_ParseTuple(pair, "ss", &type, &message) == 0)
    return std::nullopt;
  return ConvertNode::Words{type, message};
}

const Node* Malformed(PyObject* plan) {
  if (PyErr_Occurred() == nullptr)
    PyErr_Format(PyExc_TypeError, "malformed plan of a type: %R", plan);
  return nullptr;
}

}  // namespace

const Node* Plan::Build(PyObject* plan) {
  if (PyList_Check(plan)) return BuildClass(plan);
  if (!PyTuple_Check(plan) || PyTuple_GET_SIZE(plan) == 0) return Malformed(plan);
  const std::optional<std::string> word = AsString(PyTuple_GET_ITEM(plan, 0));
  if (!word) return nullptr;
  const Node* node = BuildScalar(*word, plan);
  if (node == nullptr && PyErr_Occurred() == nullptr) node = BuildContainer(*word, plan);
  return node == nullptr ? Malformed(plan) : node;
}

const Node* Plan::BuildScalar(const std::string& word, PyObject* plan) {
  if (word == "any") return Make<AnyNode>();
  if (word == "none") return Make<NoneNode>();
  if (word == "int") return Make<IntNode>();
  if (word == "float") return Make<FloatNode>();
  if (word == "bool") return Make<BoolNode>();
  if (word == "str") return Make<StrNode>();
  const char* ignored = nullptr;
  const char* expected = nullptr;
  if (word == "literal") {
    PyObject* values = nullptr;
    if (PyArg_ParseTuple(plan, "sO!s", &ignored, &PyTuple_Type, &values, &expected) == 0)
      return nullptr;
    return Make<LiteralNode>(PyRef::Borrow(values), expected);
  }
  if (word == "enum") {
    PyObject* members = nullptr;
    PyObject* missing = nullptr;
    if (PyArg_ParseTuple(plan, "sO!Os", &ignored, &PyDict_Type, &members, &missing, &expected) ==
        0) {
      return nullptr;
    }
    return Make<EnumNode>(PyRef::Borrow(members), PyRef::Borrow(missing), expected);
  }
  if (word == "convert") {
    PyObject* convert = nullptr;
    PyObject* wrong_type = nullptr;
    PyObject* unparsable = nullptr;
    if (PyArg_ParseTuple(plan, "sOOO", &ignored, &convert, &wrong_type, &unparsable) == 0)
      return nullptr;
    std::optional<ConvertNode::Words> first = AsWords(wrong_type);
    std::optional<ConvertNode::Words> second = first ? AsWords(unparsable) : std::nullopt;
    if (!second) return nullptr;
    return Make<ConvertNode>(PyRef::Borrow(convert), *std::move(first), *std::move(second));
  }
  return nullptr;
}

const Node* Plan::BuildContainer(const std::string& word, PyObject* plan) {
  const Py_ssize_t size = PyTuple_GET_SIZE(plan);
  if (word == "union" && size == 3) return BuildUnion(plan);
  if (word == "fixed_tuple" && size == 2) {
    std::vector<const Node*> items;
    if (!BuildAll(PyTuple_GET_ITEM(plan, 1), items)) return nullptr;
    return Make<FixedTupleNode>(std::move(items));
  }
  if (word == "dict" && size == 3) {
    const Node* key = Build(PyTuple_GET_ITEM(plan, 1));
    const Node* value = key == nullptr ? nullptr : Build(PyTuple_GET_ITEM(plan, 2));
    if (value == nullptr) return nullptr;
    const bool keys_are_text = key->accepts_all() || dynamic_cast<const StrNode*>(key) != nullptr;
    return Make<DictNode>(*key, *value, keys_are_text);
  }
  if (size != 2) return nullptr;
  const Node* inner = Build(PyTuple_GET_ITEM(plan, 1));
  if (inner == nullptr) return nullptr;
  if (word == "optional") return Make<OptionalNode>(*inner);
  if (word == "list") return Make<SequenceNode>(SequenceKind::kList, *inner);
  if (word == "set") return Make<SequenceNode>(SequenceKind::kSet, *inner);
  if (word == "frozenset") return Make<SequenceNode>(SequenceKind::kFrozenSet, *inner);
  if (word == "tuple") return Make<SequenceNode>(SequenceKind::kTuple, *inner);
  return nullptr;
}

bool Plan::BuildAll(PyObject* plans, std::vector<const Node*>& nodes) {
  if (!PyTuple_Check(plans)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(plans); ++i) {
    const Node* node = Build(PyTuple_GET_ITEM(plans, i));
    if (node == nullptr) return false;
    nodes.push_back(node);
  }
  return true;
}

const Node* Plan::BuildUnion(PyObject* plan) {
  std::vector<const Node*> nodes;
  PyObject* labels = PyTuple_GET_ITEM(plan, 2);
  if (!BuildAll(PyTuple_GET_ITEM(plan, 1), nodes)) return nullptr;
  if (!PyTuple_Check(labels) ||
      static_cast<std::size_t>(PyTuple_GET_SIZE(labels)) != nodes.size()) {
    return nullptr;
  }
  std::vector<UnionNode::Member> members;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    members.push_back(
        {nodes[i], PyRef::Borrow(PyTuple_GET_ITEM(labels, static_cast<Py_ssize_t>(i)))});
  }
  return Make<UnionNode>(std::move(members));
}

const Node* Plan::BuildClass(PyObject* plan) {
  if (const auto known = classes_.find(plan); known != classes_.end()) return known->second;
  if (PyList_GET_SIZE(plan) == 0) return Malformed(plan);
  kept_.push_back(PyRef::Borrow(plan));
  const std::optional<std::string> word = AsString(PyList_GET_ITEM(plan, 0));
  if (!word) return nullptr;
  const Node* node = nullptr;
  if (*word == "dataclass") node = BuildDataclass(plan);
  if (*word == "typeddict") node = BuildTypedDict(plan);
  return node == nullptr ? Malformed(plan) : node;
}

const Node* Plan::BuildDataclass(PyObject* plan) {
  auto* node = Make<DataclassNode>();
  classes_.emplace(plan, node);
  const PyRef parts = PyRef::Steal(PyList_AsTuple(plan));
  const char* ignored = nullptr;
  const char* name = nullptr;
  PyObject* type = nullptr;
  PyObject* entries = nullptr;
  if (!parts || PyArg_ParseTuple(parts.get(), "sOsO!", &ignored, &type, &name, &PyTuple_Type,
                                 &entries) == 0) {
    return nullptr;
  }
  std::vector<DataclassNode::Field> fields;
  const PyRef keyword_list = PyRef::Steal(PyList_New(0));
  if (!keyword_list) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(entries); ++i) {
    PyObject* entry = PyTuple_GET_ITEM(entries, i);
    PyObject* field_name = nullptr;
    PyObject* field_plan = nullptr;
    PyObject* default_value = nullptr;
    PyObject* factory = nullptr;
    int required = 0;
    int keyword_only = 0;
    if (!PyTuple_Check(entry) ||
        PyArg_ParseTuple(entry, "UOpOOp", &field_name, &field_plan, &required, &default_value,
                         &factory, &keyword_only) == 0) {
      return nullptr;
    }
    if (keyword_only != 0 && PyList_Append(keyword_list.get(), field_name) != 0) return nullptr;
    const Node* inner = Build(field_plan);
    if (inner == nullptr) return nullptr;
    fields.push_back({PyRef::Borrow(field_name), inner, required != 0, PyRef::Borrow(default_value),
                      factory == Py_None ? PyRef() : PyRef::Borrow(factory)});
  }
  PyRef keyword_names;
  if (PyList_GET_SIZE(keyword_list.get()) > 0) {
    keyword_names = PyRef::Steal(PyList_AsTuple(keyword_list.get()));
    if (!keyword_names) return nullptr;
  }
  node->Define(PyRef::Borrow(type), name, std::move(fields), std::move(keyword_names));
  return node;
}

const Node* Plan::BuildTypedDict(PyObject* plan) {
  auto* node = Make<TypedDictNode>();
  classes_.emplace(plan, node);
  const PyRef parts = PyRef::Steal(PyList_AsTuple(plan));
  const char* ignored = nullptr;
  const char* name = nullptr;
  PyObject* entries = nullptr;
  if (!parts ||
      PyArg_ParseTuple(parts.get(), "ssO!", &ignored, &name, &PyTuple_Type, &entries) == 0) {
    return nullptr;
  }
  std::vector<TypedDictNode::Field> fields;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(entries); ++i) {
    PyObject* entry = PyTuple_GET_ITEM(entries, i);
    PyObject* field_name = nullptr;
    PyObject* field_plan = nullptr;
    int required = 0;
    if (!PyTuple_Check(entry) ||
        PyArg_ParseTuple(entry, "UOp", &field_name, &field_plan, &required) == 0) {
      return nullptr;
    }
    const Node* inner = Build(field_plan);
    if (inner == nullptr) return nullptr;
    fields.push_back({PyRef::Borrow(field_name), inner, required != 0});
  }
  node->Define(std::move(fields));
  return node;
}

}  // namespace turbo::pyembed
