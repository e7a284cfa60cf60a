// Dataclasses and TypedDicts, from JSON objects: each field validated by its own type, absent ones
// given their defaults, unknown keys passed over. See node.h.
#pragma once

#include <Python.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "pyembed/params/node.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// An instance made by the class's own constructor. What that raises as ValueError or
/// AssertionError (__post_init__) is an error of the request; anything else is raised.
class DataclassNode final : public Node {
 public:
  struct Field {
    PyRef name;
    const Node* node;
    bool required;
    PyRef default_value;
    PyRef default_factory;  ///< null if there is none
  };

  /// Set once, after the node may have been referred to: a class may contain itself.
  /// `keyword_names` is a tuple of the last fields' names, which are passed by keyword; null for
  /// none.
  void Define(PyRef type, const std::string& name, std::vector<Field> fields, PyRef keyword_names);

  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;

 private:
  PyRef FieldValue(const Field& field, PyObject* object, const Location& where,
                   Validation& validation) const;
  PyRef Construct(PyObject* const* arguments, const Location& where, Validation& validation) const;

  PyRef type_;
  std::string refusal_;
  std::vector<Field> fields_;
  PyRef keyword_names_;
};

class TypedDictNode final : public Node {
 public:
  struct Field {
    PyRef name;
    const Node* node;
    bool required;
  };

  void Define(std::vector<Field> fields) { fields_ = std::move(fields); }

  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;

 private:
  std::vector<Field> fields_;
};

}  // namespace turbo::pyembed
