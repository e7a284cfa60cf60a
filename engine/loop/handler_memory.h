// Memory for one outstanding Asio operation, kept beside the object that the operation is for, so
// that starting an operation never allocates. Loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <new>

namespace turbo::engine {

class HandlerMemory {
 public:
  HandlerMemory() = default;
  HandlerMemory(const HandlerMemory&) = delete;
  HandlerMemory& operator=(const HandlerMemory&) = delete;

  void* Allocate(std::size_t size) {
    if (!in_use_ && size <= sizeof(storage_)) {
      in_use_ = true;
      return &storage_;
    }
    return ::operator new(size);
  }
  void Free(void* pointer) noexcept {
    if (pointer == &storage_) {
      in_use_ = false;
    } else {
      ::operator delete(pointer);
    }
  }

 private:
  alignas(std::max_align_t) std::byte storage_[112];
  bool in_use_ = false;
};

/// The allocator that Asio takes from a handler's `get_allocator()`.
template <typename T>
class HandlerAllocator {
 public:
  using value_type = T;

  explicit HandlerAllocator(HandlerMemory& memory) noexcept : memory_(&memory) {}
  template <typename U>
  explicit HandlerAllocator(const HandlerAllocator<U>& other) noexcept : memory_(other.memory_) {}

  T* allocate(std::size_t n) { return static_cast<T*>(memory_->Allocate(n * sizeof(T))); }
  void deallocate(T* pointer, std::size_t /*n*/) noexcept { memory_->Free(pointer); }

  template <typename U>
  bool operator==(const HandlerAllocator<U>& other) const noexcept {
    return memory_ == other.memory_;
  }

 private:
  template <typename>
  friend class HandlerAllocator;
  HandlerMemory* memory_;
};

/// A completion handler that calls a member function: no state but the object.
template <auto Member, typename Object>
class MemberHandler {
 public:
  using allocator_type = HandlerAllocator<void>;

  MemberHandler(Object& object, HandlerMemory& memory) : object_(&object), memory_(&memory) {}
  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type{*memory_}; }

  template <typename... Args>
  void operator()(Args&&... args) const {
    std::invoke(Member, *object_, args...);
  }

 private:
  Object* object_;
  HandlerMemory* memory_;
};

template <auto Member, typename Object>
MemberHandler<Member, Object> Bind(Object& object, HandlerMemory& memory) {
  return {object, memory};
}

}  // namespace turbo::engine
