// A doubly linked list that allocates nothing: each object carries its links. An object is in at
// most one list for each `Tag` that it has a link for, and leaves it when it is destroyed. One
// thread.
#pragma once

namespace turbo::engine {

template <typename Tag>
class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { Unlink(); }

  [[nodiscard]] bool linked() const { return next_ != nullptr; }
  void Unlink() {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename, typename>
  friend class IntrusiveList;
  ListLink* next_ = nullptr;
  ListLink* previous_ = nullptr;
};

/// `Object` derives from ListLink<Tag>.
template <typename Object, typename Tag>
class IntrusiveList {
 public:
  IntrusiveList() { Reset(); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) head_.next_->Unlink();
    head_.next_ = head_.previous_ = nullptr;
  }

  [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
  void PushBack(Object& object) {
    ListLink<Tag>& link = object;
    link.next_ = &head_;
    link.previous_ = head_.previous_;
    link.previous_->next_ = &link;
    head_.previous_ = &link;
  }
  Object& PopFront() {
    ListLink<Tag>& link = *head_.next_;
    link.Unlink();
    return static_cast<Object&>(link);
  }
  /// Everything of `other` is moved here; this list must be empty.
  void TakeAll(IntrusiveList& other) {
    if (other.empty()) return;
    head_.next_ = other.head_.next_;
    head_.previous_ = other.head_.previous_;
    head_.next_->previous_ = head_.previous_->next_ = &head_;
    other.Reset();
  }
  /// Calls visit for each; visit may unlink the one it is called for.
  template <typename Visit>
  void ForEach(Visit&& visit) {
    for (ListLink<Tag>* link = head_.next_; link != &head_;) {
      ListLink<Tag>* next = link->next_;
      visit(static_cast<Object&>(*link));
      link = next;
    }
  }

 private:
  void Reset() { head_.next_ = head_.previous_ = &head_; }

  ListLink<Tag> head_;
};

}  // namespace turbo::engine
