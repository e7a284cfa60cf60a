// The types that are one value: numbers, text, literals, enumerations and what is parsed from text.
// See node.h.
#pragma once

#include <Python.h>

#include <string>
#include <string_view>
#include <utility>

#include "pyembed/params/node.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// Any value; text stays text.
class AnyNode final : public Node {
 public:
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  [[nodiscard]] bool accepts_all() const override { return true; }
};

class NoneNode final : public Node {
 public:
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
};

class IntNode final : public Node {
 public:
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;
};

class FloatNode final : public Node {
 public:
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;
};

class BoolNode final : public Node {
 public:
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;
};

class StrNode final : public Node {
 public:
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;
};

/// One of some constants; of equal value and the same type. Text also matches a number that it
/// spells.
class LiteralNode final : public Node {
 public:
  /// `values` is a tuple; `expected` names them ("'a' or 'b'").
  LiteralNode(PyRef values, std::string expected)
      : values_(std::move(values)), expected_(std::move(expected)) {}
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;

 private:
  /// The constant equal to `value`: borrowed reference made owned. Empty without an exception if
  /// there is none.
  [[nodiscard]] PyRef Find(PyObject* value) const;

  PyRef values_;
  std::string expected_;
};

/// A member of an enumeration, by its value. Text also finds a number that it spells.
class EnumNode final : public Node {
 public:
  /// `members` maps values to members; `missing`, if not None, is called with a value that is not
  /// among them.
  EnumNode(PyRef members, PyRef missing, std::string expected);
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;
  PyRef FromText(std::string_view text, const Location& where,
                 Validation& validation) const override;

 private:
  [[nodiscard]] PyRef Find(PyObject* value) const;

  PyRef members_;
  PyRef missing_;
  std::string expected_;
  bool has_bool_ = false;
};

/// What a function of turbo/_convert.py makes: UUID, dates, Decimal.
class ConvertNode final : public Node {
 public:
  struct Words {
    std::string type;
    std::string message;  ///< "{}" stands for the ValueError's own words
  };
  ConvertNode(PyRef convert, Words wrong_type, Words unparsable)
      : convert_(std::move(convert)),
        wrong_type_(std::move(wrong_type)),
        unparsable_(std::move(unparsable)) {}
  PyRef FromJson(PyObject* value, const Location& where, Validation& validation) const override;

 private:
  PyRef convert_;
  Words wrong_type_;
  Words unparsable_;
};

/// str(exception) of the exception that is set, which is cleared.
std::string TakeExceptionText();

}  // namespace turbo::pyembed
