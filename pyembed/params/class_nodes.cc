#include "pyembed/params/class_nodes.h"

#include <array>

#include "pyembed/params/scalar_nodes.h"

namespace turbo::pyembed {
namespace {

/// Bounds the C stack: objects may be nested as deep as the JSON decoder allows.
class RecursionScope {
 public:
  RecursionScope()
      : entered_(Py_EnterRecursiveCall(" while a request's body was validated") == 0) {}
  RecursionScope(const RecursionScope&) = delete;
  RecursionScope& operator=(const RecursionScope&) = delete;
  ~RecursionScope() {
    if (entered_) Py_LeaveRecursiveCall();
  }
  [[nodiscard]] bool entered() const { return entered_; }

 private:
  bool entered_;
};

/// Owned references for a vectorcall; on the stack for classes of ordinary size.
class ArgumentArray {
 public:
  explicit ArgumentArray(std::size_t count) : count_(count) {
    if (count > inline_.size()) heap_.resize(count);
    data_ = count > inline_.size() ? heap_.data() : inline_.data();
  }
  ArgumentArray(const ArgumentArray&) = delete;
  ArgumentArray& operator=(const ArgumentArray&) = delete;
  ~ArgumentArray() {
    for (std::size_t i = 0; i < count_; ++i) Py_XDECREF(data_[i]);
  }
  void Set(std::size_t place, PyRef value) { data_[place] = value.Release(); }
  [[nodiscard]] PyObject* const* data() const { return data_; }

 private:
  std::size_t count_;
  std::array<PyObject*, 16> inline_{};
  std::vector<PyObject*> heap_;
  PyObject** data_;
};

}  // namespace

void DataclassNode::Define(PyRef type, const std::string& name, std::vector<Field> fields,
                           PyRef keyword_names) {
  type_ = std::move(type);
  refusal_ = "Input should be a dictionary or an instance of " + name;
  fields_ = std::move(fields);
  keyword_names_ = std::move(keyword_names);
}

PyRef DataclassNode::FromJson(PyObject* value, const Location& where,
                              Validation& validation) const {
  if (!PyDict_Check(value)) return Refuse(where, validation, "dataclass_type", refusal_);
  const RecursionScope scope;
  if (!scope.entered()) return {};
  ArgumentArray arguments(fields_.size());
  bool refused = false;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    PyRef argument = FieldValue(fields_[i], value, where, validation);
    if (!argument) {
      if (PyErr_Occurred() != nullptr) return {};
      refused = true;
      continue;
    }
    arguments.Set(i, std::move(argument));
  }
  if (refused) return {};
  return Construct(arguments.data(), where, validation);
}

PyRef DataclassNode::FieldValue(const Field& field, PyObject* object, const Location& where,
                                Validation& validation) const {
  const Location at{.outer = &where, .key = field.name.get()};
  PyObject* given = nullptr;
  const int found = PyDict_GetItemRef(object, field.name.get(), &given);
  const PyRef item = PyRef::Steal(given);
  if (found < 0) return {};
  if (found == 1) return field.node->FromJson(item.get(), at, validation);
  if (field.required) return Refuse(at, validation, "missing", "Field required");
  if (field.default_factory) return PyRef::Steal(PyObject_CallNoArgs(field.default_factory.get()));
  return field.default_value.Copy();
}

PyRef DataclassNode::Construct(PyObject* const* arguments, const Location& where,
                               Validation& validation) const {
  const std::size_t by_keyword =
      keyword_names_ ? static_cast<std::size_t>(PyTuple_GET_SIZE(keyword_names_.get())) : 0;
  PyRef made = PyRef::Steal(PyObject_Vectorcall(type_.get(), arguments, fields_.size() - by_keyword,
                                                keyword_names_.get()));
  if (made) return made;
  if (PyErr_ExceptionMatches(PyExc_ValueError) != 0) {
    return Refuse(where, validation, "value_error", "Value error, " + TakeExceptionText());
  }
  if (PyErr_ExceptionMatches(PyExc_AssertionError) != 0) {
    return Refuse(where, validation, "assertion_error", "Assertion failed, " + TakeExceptionText());
  }
  return {};
}

PyRef TypedDictNode::FromJson(PyObject* value, const Location& where,
                              Validation& validation) const {
  if (!PyDict_Check(value)) {
    return Refuse(where, validation, "dict_type", "Input should be a valid dictionary");
  }
  const RecursionScope scope;
  if (!scope.entered()) return {};
  PyRef result = PyRef::Steal(PyDict_New());
  if (!result) return {};
  bool refused = false;
  for (const Field& field : fields_) {
    const Location at{.outer = &where, .key = field.name.get()};
    PyObject* given = nullptr;
    const int found = PyDict_GetItemRef(value, field.name.get(), &given);
    const PyRef item = PyRef::Steal(given);
    if (found < 0) return {};
    if (found == 0 && !field.required) continue;
    PyRef converted = found == 1 ? field.node->FromJson(item.get(), at, validation)
                                 : Refuse(at, validation, "missing", "Field required");
    if (!converted) {
      if (PyErr_Occurred() != nullptr) return {};
      refused = true;
    } else if (PyDict_SetItem(result.get(), field.name.get(), converted.get()) != 0) {
      return {};
    }
  }
  return refused ? PyRef() : std::move(result);
}

}  // namespace turbo::pyembed
