#include "slipway/layer/file_tree_builder.h"

#include "layer/entry_codec.h"
#include "layer/tree_assembly.h"
#include "layer/tree_walker.h"

namespace slipway::layer {

struct FileTreeBuilder::Found : FoundEntries {
  Found(FileSystem& files, SpillPlace place, const BaseFiles* base)
      : FoundEntries{RecordSorter(place)}, fs(files), spill(std::move(place)) {
    if (base != nullptr) overlay.emplace(*base);
  }

  Status add(FileEntry entry, bool replace, const DeclaredMetadata& declared);

  FileSystem& fs;
  SpillPlace spill;
  std::optional<BaseOverlay> overlay;
};

Status FileTreeBuilder::Found::add(FileEntry entry, bool replace, const DeclaredMetadata& declared) {
  if (overlay) SLIPWAY_TRY(overlay->fit(entry, replace, declared));
  if (declared.any()) {
    const auto [at, is_new] = folders.emplace(entry.path, entry);
    if (!is_new) SLIPWAY_TRY(check_twin(fs, at->second, entry));
  }
  if (is_marker(entry)) {
    const auto [at, is_new] = removed.emplace(entry.path, entry);
    return is_new ? Status() : check_twin(fs, at->second, entry);
  }
  std::string key = sort_key(entry);
  return entries.add(std::move(key), encode(entry));
}

FileTreeBuilder::FileTreeBuilder(FileSystem& fs, SpillPlace spill, const BaseFiles* base)
    : found_(std::make_unique<Found>(fs, std::move(spill), base)) {}
FileTreeBuilder::~FileTreeBuilder() = default;
FileTreeBuilder::FileTreeBuilder(FileTreeBuilder&&) noexcept = default;
FileTreeBuilder& FileTreeBuilder::operator=(FileTreeBuilder&&) noexcept = default;

Status FileTreeBuilder::add(const std::filesystem::path& from, const std::string& to, const TreeOptions& options,
                            Diagnostics& diagnostics) {
  return walk_source(found_->fs, from, to, options, diagnostics,
                     [&](FileEntry entry, const DeclaredMetadata& declared) {
                       return found_->add(std::move(entry), options.replace, declared);
                     });
}

Status FileTreeBuilder::add_folder(const std::string& to, const TreeOptions& options) {
  SLIPWAY_ASSIGN(auto folder, made_folder(to, options));
  return found_->add(std::move(folder.entry), options.replace, folder.declared);
}

Status FileTreeBuilder::add_entry(FileEntry entry) {
  const bool root = entry.type == EntryType::opaque && entry.path.empty();
  SLIPWAY_ASSIGN(entry.path, entry_path("/" + entry.path));
  if (entry.path.empty() && !root) {
    return fail(Errc::invalid_argument, "the root folder of an image can be neither replaced nor removed");
  }
  if (entry.type == EntryType::regular && entry.source.empty()) entry.size = entry.content.size();
  return found_->add(std::move(entry), false, {});
}

Result<FileTree> FileTreeBuilder::finish(std::int64_t epoch) && {
  const std::unique_ptr<Found> found = std::move(found_);
  SLIPWAY_TRY(found->entries.sort());
  SLIPWAY_ASSIGN(TreeContents contents,
                 assemble_tree(found->fs, *found, found->overlay ? &*found->overlay : nullptr, epoch, found->spill));
  return FileTree(std::make_shared<const TreeContents>(std::move(contents)));
}

}  // namespace slipway::layer
