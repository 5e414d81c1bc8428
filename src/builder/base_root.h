#pragma once

#include <map>
#include <set>
#include <stop_token>

#include "builder/base_image.h"
#include "slipway/elf/root.h"

namespace slipway::builder {

/// The files of a base image as a root for closures. Nothing is unpacked: a layer is read once, when a library of it is
/// first asked for, and what its libraries say is remembered. Base, image and list are kept alive by the caller.
class BaseRoot final : public elf::Root {
 public:
  BaseRoot(const Base& base, const image::Image& image, const image::FileList& files, elf::SymbolNames which,
           std::stop_token stop)
      : base_(base), image_(image), files_(files), which_(which), stop_(std::move(stop)) {}
  std::string name() const override;
  Result<std::optional<elf::FoundFile>> find(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::string> read(const elf::FoundFile& file, std::size_t limit) override;
  Result<std::shared_ptr<const elf::Object>> object(const elf::FoundFile& file) override;

 private:
  /// The bytes of one tar entry: which layer, which member.
  using Place = std::pair<std::uint32_t, std::string>;
  struct Content {
    std::string start;  ///< of small files all of them
    std::shared_ptr<const elf::Object> object;
  };
  Result<const Content*> content_of(const elf::FoundFile& file);
  Status read_layer(const Place& wanted);

  const Base& base_;
  const image::Image& image_;
  const image::FileList& files_;
  elf::SymbolNames which_;
  std::stop_token stop_;
  std::map<Place, Content> contents_;
};

}  // namespace slipway::builder
