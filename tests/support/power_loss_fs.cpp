#include "support/power_loss_fs.h"

#include <gtest/gtest.h>

#include <array>

namespace slipway::test {
namespace {

constexpr int kRoot = 0;

class VolatileFile final : public File {
 public:
  VolatileFile(PowerLossFs& fs, int id, std::unique_ptr<File> inner) : fs_(fs), id_(id), inner_(std::move(inner)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return inner_->read(buffer); }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    return inner_->read_at(buffer, offset);
  }
  Status write(std::span<const std::byte> bytes) override { return inner_->write(bytes); }
  Status seek(std::uint64_t offset) override { return inner_->seek(offset); }
  Result<FileStat> stat() override { return inner_->stat(); }
  Status sync() override {
    SLIPWAY_TRY(inner_->sync());
    std::string bytes;
    std::array<std::byte, 64 << 10> buffer;
    while (true) {
      SLIPWAY_ASSIGN(const std::size_t n, inner_->read_at(buffer, bytes.size()));
      if (n == 0) break;
      bytes.append(reinterpret_cast<const char*>(buffer.data()), n);
    }
    fs_.synced(id_, std::move(bytes));
    return {};
  }

 private:
  PowerLossFs& fs_;
  int id_;
  std::unique_ptr<File> inner_;
};

}  // namespace

PowerLossFs::PowerLossFs(stdfs::path root, FileSystem& inner) : ForwardingFileSystem(inner), root_(std::move(root)) {
  adopt(new_node(true), root_);
}

/// Takes what is on disk for durable.
void PowerLossFs::adopt(int id, const stdfs::path& path) {
  for (const auto& entry : stdfs::directory_iterator(path)) {
    const int child = new_node(entry.is_directory());
    nodes_[id].names[entry.path().filename()] = child;
    if (entry.is_directory()) adopt(child, entry.path());
    if (entry.is_regular_file()) nodes_[child].bytes = read_file(inner(), entry.path()).value();
  }
  nodes_[id].durable = nodes_[id].names;
}

int PowerLossFs::new_node(bool folder) {
  nodes_[next_].folder = folder;
  return next_++;
}

/// The node of the folder at `path`; nullptr outside of the root.
PowerLossFs::Node* PowerLossFs::folder_of(const stdfs::path& path) {
  const stdfs::path inside = path.lexically_normal().lexically_relative(root_.lexically_normal());
  if (inside.empty() || *inside.begin() == "..") return nullptr;
  Node* at = &nodes_[kRoot];
  for (const auto& name : inside) {
    if (name == "." || name.empty()) continue;
    const auto child = at->names.find(name);
    if (child == at->names.end()) return nullptr;
    at = &nodes_[child->second];
  }
  return at;
}

Result<std::unique_ptr<File>> PowerLossFs::create(const stdfs::path& path, std::uint32_t mode) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN(auto file, inner().create(path, mode));
  Node* folder = folder_of(path.parent_path());
  if (folder == nullptr) return file;
  const int id = new_node(false);
  folder->names[path.filename()] = id;
  return std::make_unique<VolatileFile>(*this, id, std::move(file));
}

Status PowerLossFs::rename(const stdfs::path& from, const stdfs::path& to) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_TRY(inner().rename(from, to));
  Node *source = folder_of(from.parent_path()), *target = folder_of(to.parent_path());
  if (source == nullptr || target == nullptr) return {};
  const auto moved = source->names.extract(from.filename());
  if (!moved.empty()) target->names[to.filename()] = moved.mapped();
  return {};
}

Status PowerLossFs::remove(const stdfs::path& path) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_TRY(inner().remove(path));
  if (Node* folder = folder_of(path.parent_path())) folder->names.erase(path.filename());
  return {};
}

Status PowerLossFs::make_directories(const stdfs::path& path, std::uint32_t mode) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_TRY(inner().make_directories(path, mode));
  stdfs::path at;
  for (const auto& name : path) {
    Node* folder = folder_of(at);
    at /= name;
    if (folder != nullptr && !name.empty() && !folder->names.contains(name)) folder->names[name] = new_node(true);
  }
  return {};
}

Status PowerLossFs::sync_directory(const stdfs::path& path) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_TRY(inner().sync_directory(path));
  if (Node* folder = folder_of(path)) folder->durable = folder->names;
  return {};
}

Result<std::unique_ptr<FileLock>> PowerLossFs::lock(const stdfs::path& path) {
  {
    const std::scoped_lock guard(mutex_);
    Node* folder = folder_of(path.parent_path());
    if (folder != nullptr && !folder->names.contains(path.filename())) folder->names[path.filename()] = new_node(false);
  }
  return inner().lock(path);
}

void PowerLossFs::synced(int id, std::string bytes) {
  const std::scoped_lock lock(mutex_);
  nodes_[id].bytes = std::move(bytes);
}

void PowerLossFs::restore(const Node& node, const stdfs::path& path) {
  if (!node.folder) {
    const auto file = inner().create(path).value();
    ASSERT_TRUE(file->write(std::as_bytes(std::span(node.bytes))).has_value());
    return;
  }
  stdfs::create_directories(path);
  for (const auto& [name, id] : node.durable)
    restore(nodes_.at(id), path / name);
}

void PowerLossFs::lose_power() {
  const std::scoped_lock lock(mutex_);
  for (const auto& entry : stdfs::directory_iterator(root_))
    stdfs::remove_all(entry.path());
  for (auto& [id, node] : nodes_)
    node.names = node.durable;
  restore(nodes_.at(kRoot), root_);
}

}  // namespace slipway::test
