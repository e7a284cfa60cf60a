// Nodes built from the plans of turbo/_schema.py; owns them. A class that contains itself is a node
// that refers to itself, so nodes refer to each other by plain references and live as long as the
// Plan. Needs an attached thread state to build and destroy.
#pragma once

#include <Python.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pyembed/params/node.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

class Plan {
 public:
  Plan() = default;
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// The node of a plan. Null with a Python exception set if the plan is malformed.
  const Node* Build(PyObject* plan);

 private:
  template <typename T, typename... Arguments>
  T* Make(Arguments&&... arguments) {
    auto node = std::make_unique<T>(std::forward<Arguments>(arguments)...);
    T* raw = node.get();
    nodes_.push_back(std::move(node));
    return raw;
  }

  const Node* BuildScalar(const std::string& word, PyObject* plan);
  const Node* BuildContainer(const std::string& word, PyObject* plan);
  const Node* BuildUnion(PyObject* plan);
  const Node* BuildClass(PyObject* plan);
  const Node* BuildDataclass(PyObject* plan);
  const Node* BuildTypedDict(PyObject* plan);
  bool BuildAll(PyObject* plans, std::vector<const Node*>& nodes);

  std::vector<std::unique_ptr<Node>> nodes_;
  std::unordered_map<PyObject*, const Node*> classes_;
  std::vector<PyRef> kept_;  ///< plans of classes: keeps their addresses from being used again
};

}  // namespace turbo::pyembed
