// The types that hold others: lists, sets, tuples, dictionaries, Optional and unions. They build
// new objects and leave what they were given as it was, since a union may try several of them. See
// node.h; members are owned by the Plan.
#pragma once

#include <Python.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "pyembed/params/node.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

enum class SequenceKind : std::uint8_t { kList, kSet, kFrozenSet, kTuple };

/// Any number of items of one type.
class SequenceNode final : public Node {
 public:
  SequenceNode(SequenceKind kind, const Node& item) : kind_(kind), item_(item) {}
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;

 private:
  SequenceKind kind_;
  const Node& item_;
};

/// A tuple of fixed length, an item of its own type at each place.
class FixedTupleNode final : public Node {
 public:
  explicit FixedTupleNode(std::vector<const Node*> items) : items_(std::move(items)) {}
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;

 private:
  std::vector<const Node*> items_;
};

class DictNode final : public Node {
 public:
  DictNode(const Node& key, const Node& value, bool keys_are_text)
      : key_(key), value_(value), keys_are_text_(keys_are_text) {}
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;

 private:
  const Node& key_;
  const Node& value_;
  bool keys_are_text_;  ///< every key of a JSON object passes as it is
};

class OptionalNode final : public Node {
 public:
  explicit OptionalNode(const Node& inner) : inner_(inner) {}
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;
  [[nodiscard]] bool accepts_all() const override { return inner_.accepts_all(); }

 private:
  const Node& inner_;
};

/// The first member of which the value is one already, else the first that it can be converted to.
/// If there is none, the errors of all, each below the member's label.
class UnionNode final : public Node {
 public:
  struct Member {
    const Node* node;
    PyRef label;
  };
  explicit UnionNode(std::vector<Member> members) : members_(std::move(members)) {}
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;

 private:
  template <typename Convert>
  PyRef FirstThatTakes(const Location& where, Validation& validation, const Convert& convert) const;

  std::vector<Member> members_;
};

}  // namespace turbo::pyembed
