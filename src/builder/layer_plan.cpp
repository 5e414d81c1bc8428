#include "builder/layer_plan.h"

#include <algorithm>
#include <limits>

#include "builder/churn.h"
#include "builder/closure_planner.h"
#include "builder/git_times.h"
#include "builder/layer_stack.h"
#include "builder/recipe_values.h"
#include "slipway/base/file_attributes.h"
#include "slipway/base/text.h"
#include "slipway/builder/build_cache.h"
#include "slipway/elf/object.h"
#include "slipway/io/hash.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/layer/path_walk.h"
#include "slipway/layer/record_spool.h"

namespace slipway::builder {
namespace {

constexpr std::uint32_t kRiskyModes = 06002;  // setuid, setgid, writable by everybody
constexpr std::size_t kMaxRisky = 20;         // that are reported
constexpr std::uint64_t kSmallestElf = 52;    // bytes: the header of a 32-bit file
constexpr std::size_t kMaxPeeked = 32;        // files that do not look like programs

std::vector<std::string> folders_in(const std::vector<std::string>& env, std::string_view key) {
  std::vector<std::string> folders;
  for (const std::string& entry : env) {
    if (!entry.starts_with(key) || entry.size() <= key.size() || entry[key.size()] != '=') continue;
    for (std::string& folder : split(entry.substr(key.size() + 1), ':')) {
      if (!folder.empty()) folders.push_back(std::move(folder));
    }
  }
  return folders;
}

elf::ProcessRules rules_of(const PlanContext& context) {
  elf::ProcessRules rules;
  rules.library_path = folders_in(context.env, "LD_LIBRARY_PATH");
  rules.program_folders = folders_in(context.env, "PATH");
  rules.workdir = context.workdir;
  return rules;
}

bool is_made(const FileRule& file) { return file.makes_folder || file.link; }

/// The folders on disk that a layer is made of.
struct PackedFolders {
  explicit PackedFolders(const layer::SpillPlace& spill) : sources(spill) {}

  layer::RecordSpool sources;  ///< their paths
  io::Hasher seen;             ///< of each one's path, inode and change time
  std::int64_t newest_ns = 0;  ///< the newest of these times, nanoseconds since the epoch

  Status add(const std::string& source, const FileStat& stat) {
    seen.update(io::as_bytes(fmt::format("{} {} {} {}\n", source, stat.device, stat.inode, stat.ctime_ns)));
    newest_ns = std::max(newest_ns, stat.ctime_ns);
    return sources.append(source);
  }
};

/// A layer while its files are listed.
struct Draft {
  layer::FileTreeBuilder files;
  PackedFolders folders;
  std::vector<ClosureReason> reasons = {};
  std::set<std::string> supplied = {};
};

/// Lists one layer; mistakes are reported and the rest goes on, so that all come at once.
class LayerPlanner {
 public:
  LayerPlanner(const Recipe& recipe, const oci::Platform& platform, std::int64_t epoch, FileSystem& fs,
               Diagnostics& diagnostics, const PlanContext& context)
      : recipe_(recipe),
        platform_(platform),
        epoch_(epoch),
        fs_(fs),
        diagnostics_(diagnostics),
        over_base_(context.base_root != nullptr),
        debug_(context.debug),
        files_(context.files),
        below_(context.files != nullptr ? *context.files : own_),
        stop_(context.stop),
        cache_(context.cache),
        started_(context.cache != nullptr ? context.cache->now() : 0),
        closures_(recipe, platform, epoch, fs, context.base_root, rules_of(context)) {}

  /// One layer, or several where the rule splits it.
  Status plan(const LayerRule& rule, bool last, std::vector<PlannedLayer>& layers) {
    const layer::SpillPlace spill = layer::spill_to_temporary(fs_);
    SLIPWAY_ASSIGN(auto listed, list(rule, spill));
    if (!listed) return {};  // reported
    PlannedLayer& whole = *listed;
    if (!last || files_ != nullptr) SLIPWAY_TRY(below_.add(whole.tree));
    if (diagnostics_.has_errors()) {
      // Nothing is made of it: only what is wrong with the other layers is still wanted.
      layers.push_back(std::move(whole));
      return {};
    }
    if (whole.tree.size() == 0) {
      diagnostics_.warning(rule.where,
                           fmt::format("the layer \"{}\" has no files and is left out", printable(rule.name, 100)));
      return {};
    }
    SLIPWAY_TRY(lint_modes(rule, whole.tree));
    if (debug_ != nullptr && !rule.archive) {
      SLIPWAY_ASSIGN(whole.tree, debug_->split(whole.tree, epoch_, spill, rule.where, diagnostics_));
    }
    if (rule.split_by_churn) return split(std::move(whole), spill, layers);
    layers.push_back(std::move(whole));
    finish(layers.back());
    return {};
  }

  /// Reports once, for all layers, what no layer can hold.
  void warn_of_acls() {
    if (acls_ == 0) return;
    diagnostics_.warning({},
                         fmt::format("{}, which layers do not hold: modes and owners alone count in the image",
                                     acls_ == 1 ? std::string("1 file or folder has an access control list")
                                                : fmt::format("{} files or folders have access control lists", acls_)));
  }

  /// Reports the symlinks that lead to nothing in the image, but to something on this machine.
  void warn_of_stray_links() {
    if (files_ == nullptr) return;  // not everything is known
    std::vector<std::string> lost;
    for (const layer::StrayLink& link : stray_links_) {
      if (!is_in_image(link.path)) lost.push_back(fmt::format("/{} -> {}", link.path, link.target));
    }
    if (lost.empty()) return;
    diagnostics_.warning(
        {},
        fmt::format("{} to files of this machine that the image does not have: {} (symlinks: follow packs the files)",
                    lost.size() == 1 ? std::string("1 symlink leads") : fmt::format("{} symlinks lead", lost.size()),
                    printable(list_of(lost, 3), 4096)));
  }

  /// Reports what a layer names and is not there.
  Status check(const LayerRule& rule) {
    for (const FileRule& file : rule.files) {
      if (!is_made(file)) SLIPWAY_TRY(source_of(file.from));
    }
    if (rule.archive) SLIPWAY_TRY(source_of(*rule.archive));
    for (const Placed& program : rule.closure)
      SLIPWAY_TRY(source_of(program));
    return {};
  }

 private:
  /// Returns the layer's files; nothing, and a report, where they do not make a layer.
  Result<std::optional<PlannedLayer>> list(const LayerRule& rule, const layer::SpillPlace& spill) {
    std::unique_ptr<layer::ArchiveFiles> archive;
    if (rule.archive) archive = std::make_unique<layer::ArchiveFiles>(fs_, spill.folder);
    FileSystem& fs = archive ? static_cast<FileSystem&>(*archive) : fs_;
    Draft draft{layer::FileTreeBuilder(fs, spill, below_.empty() ? nullptr : &below_), PackedFolders(spill)};
    // First what goes: what comes is not led through it.
    SLIPWAY_TRY(add_removals(rule, draft));
    if (archive) SLIPWAY_TRY(add_archive(rule, *archive, draft));
    SLIPWAY_TRY(add_closure(rule, draft));
    for (const FileRule& file : rule.files)
      SLIPWAY_TRY(add_files(rule, file, draft));
    auto tree = std::move(draft.files).finish(epoch_);
    if (!tree) {
      SLIPWAY_TRY(take(fail(std::move(tree).error()), rule.where));
      return std::optional<PlannedLayer>();
    }
    SLIPWAY_TRY(count_acls(archive ? nullptr : &*tree, draft.folders));
    return PlannedLayer{rule.name,          *std::move(tree),         std::nullopt,
                        std::move(archive), std::move(draft.reasons), std::move(draft.supplied)};
  }

  /// Counts the files and folders that have access control lists, unless a build before found none on the very same
  /// ones: setting one changes the ctime, which the listing has of files. `tree`: nullptr where its files are not on
  /// disk.
  Status count_acls(const layer::FileTree* tree, PackedFolders& folders) {
    std::string asked_about = fmt::format("acls 2 {}", folders.seen.finish().str());
    layer::Fingerprint asked{io::digest_of(""), folders.newest_ns};
    if (tree != nullptr) {
      asked_about += tree->listing().digest.str();
      asked.newest_ns = std::max(asked.newest_ns, tree->listing().newest_ns);
    }
    asked.digest = io::digest_of(asked_about);
    if (cache_ != nullptr && cache_->find_verdict(asked)) return {};
    const std::uint64_t before = acls_;
    if (tree != nullptr) SLIPWAY_TRY(count_acls_of_files(*tree));
    layer::RecordReader reader(folders.sources, 0, folders.sources.end());
    for (std::string_view source;;) {
      SLIPWAY_ASSIGN(const bool more, reader.next(source));
      if (!more) break;
      SLIPWAY_TRY(count_acl(std::string(source)));
    }
    if (cache_ != nullptr && acls_ == before) cache_->remember_verdict(asked, "", started_);
    return {};
  }

  Status count_acls_of_files(const layer::FileTree& tree) {
    SLIPWAY_ASSIGN(const auto reader, tree.read());
    for (layer::FileEntry entry;;) {
      SLIPWAY_ASSIGN(const bool more, reader->next(entry));
      if (!more) return {};
      if (entry.type == layer::EntryType::regular && !entry.source.empty()) SLIPWAY_TRY(count_acl(entry.source));
    }
  }

  Status count_acl(const std::string& source) {
    SLIPWAY_ASSIGN(const FileAttributes found, attributes_of(fs_, source));
    acls_ += found.has_acl ? 1 : 0;
    return {};
  }

  /// Reports files that anybody may change or that lend their owner's rights. Such files can only be where modes are
  /// declared or kept.
  Status lint_modes(const LayerRule& rule, const layer::FileTree& tree) {
    const bool possible = rule.archive || std::any_of(rule.files.begin(), rule.files.end(), [](const FileRule& file) {
                            return file.keep_modes || (file.mode && (*file.mode & kRiskyModes) != 0);
                          });
    if (!possible) return {};
    SLIPWAY_ASSIGN(const auto reader, tree.read());
    std::size_t found = 0;
    for (layer::FileEntry entry; found < kMaxRisky;) {
      SLIPWAY_ASSIGN(const bool more, reader->next(entry));
      if (!more) break;
      const bool folder = entry.type == layer::EntryType::directory;
      if ((entry.type != layer::EntryType::regular && !folder) || (entry.mode & kRiskyModes) == 0) continue;
      const bool writable = (entry.mode & 0002) != 0 && !(folder && (entry.mode & 01000) != 0);
      if (!writable && folder) continue;
      ++found;
      std::string message =
          writable ? fmt::format("/{} is writable by every user (mode {:04o})", printable(entry.path, 4096), entry.mode)
                   : fmt::format("/{} runs with the rights of its {} (mode {:04o})", printable(entry.path, 4096),
                                 (entry.mode & 04000) != 0 ? "owner" : "group", entry.mode);
      if (recipe_.strict) {
        report(rule.where, std::move(message), "give it another mode, or build without --strict",
               Errc::verification_failed);
      } else {
        diagnostics_.warning(rule.where, std::move(message));
      }
    }
    return {};
  }

  void finish(PlannedLayer& layer) const {
    layer::LayerOptions how;
    how.compression = recipe_.compression;
    how.level = recipe_.level;
    how.codec = recipe_.codec;
    layer.inputs = layer::fingerprint(layer.tree, how);
    for (ClosureReason& reason : layer.reasons)
      reason.layer = layer.name;
  }

  Status split(PlannedLayer whole, const layer::SpillPlace& spill, std::vector<PlannedLayer>& layers) {
    SLIPWAY_ASSIGN(auto parts, split_by_churn(whole.tree, whole.supplied, epoch_, fs_, spill));
    for (ChurnPart& part : parts) {
      PlannedLayer layer{fmt::format("{}-{}", whole.name, churn_suffix(part.churn)), std::move(part.tree)};
      SLIPWAY_TRY(take_reasons(whole.reasons, layer));
      finish(layer);
      layers.push_back(std::move(layer));
    }
    return {};
  }

  /// Moves the reasons of the files that a part has.
  static Status take_reasons(std::vector<ClosureReason>& reasons, PlannedLayer& part) {
    std::set<std::string> paths;
    SLIPWAY_ASSIGN(const auto reader, part.tree.read());
    for (layer::FileEntry entry; !reasons.empty();) {
      SLIPWAY_ASSIGN(const bool more, reader->next(entry));
      if (!more) break;
      if (entry.type != layer::EntryType::directory) paths.insert("/" + entry.path);
    }
    std::erase_if(reasons, [&](ClosureReason& reason) {
      if (!paths.contains(reason.path)) return false;
      part.reasons.push_back(std::move(reason));
      return true;
    });
    return {};
  }

  void report(const Where& where, std::string message, std::string hint = {}, Errc code = Errc::invalid_argument) {
    const auto same = [&](const Error& known) {
      return known.message == message && known.where && known.where->file == where.file &&
             known.where->row == where.row && known.where->col == where.col;
    };
    if (std::none_of(diagnostics_.errors().begin(), diagnostics_.errors().end(), same)) {
      diagnostics_.add(Error(code, std::move(message)).at(where).with_hint(std::move(hint)));
    }
  }

  /// A mistake is reported at its place; a failure of the disk ends the planning.
  Status take(Status status, const Where& where) {
    if (status) return {};
    if (status.error().code != Errc::invalid_argument) return status;
    report(where, status.error().message, status.error().hint);
    return {};
  }

  static bool on_command_line(const Where& where) { return where.row == 0; }

  /// Returns the path on disk; nothing, and a report, for a path that does not exist.
  Result<std::optional<stdfs::path>> source_of(const Placed& from) {
    stdfs::path source = recipe_.folder / expand_placeholders(from.text, platform_);
    const auto there = fs_.stat(source, true);
    if (there) return std::optional(std::move(source));
    if (there.error().code != Errc::not_found) return fail(there.error());
    report(from.where, fmt::format("{} does not exist", printable(source.native(), 4096)),
           has_placeholders(from.text) ? fmt::format("it is \"{}\" for {}", printable(from.text, 300), platform_.str())
                                       : std::string("build it first, or correct the path"),
           on_command_line(from.where) ? Errc::not_found : Errc::invalid_argument);
    return std::optional<stdfs::path>();
  }

  Status add_removals(const LayerRule& rule, Draft& draft) {
    for (const Placed& path : rule.remove) {
      if (!recipe_.base) {
        diagnostics_.warning(path.where, fmt::format("{} is not removed: the image has no base", path.text));
        continue;
      }
      layer::FileEntry gone;
      gone.path = path.text.substr(1);
      gone.type = layer::EntryType::whiteout;
      gone.mtime = epoch_;
      SLIPWAY_TRY(take(draft.files.add_entry(std::move(gone)), path.where));
    }
    return {};
  }

  Status add_closure(const LayerRule& rule, Draft& draft) {
    if (rule.closure.empty() && rule.runtime.empty()) return {};
    std::vector<PlacedSource> programs;
    for (const Placed& from : rule.closure) {
      SLIPWAY_ASSIGN(auto source, source_of(from));
      if (source) programs.push_back({*std::move(source), from.where});
    }
    std::optional<stdfs::path> sysroot;
    if (rule.sysroot) {
      SLIPWAY_ASSIGN(sysroot, source_of(*rule.sysroot));
      if (!sysroot) return {};
    }
    // The base's files are not known yet: the closure is found when they are.
    if (recipe_.base && !over_base_) return {};
    SLIPWAY_ASSIGN(ClosurePlan found, closures_.plan(rule, programs, sysroot));
    SLIPWAY_TRY(builder::add_closure(found, draft.files));
    for (const Error& problem : found.problems)
      report(problem.where.value_or(rule.where), problem.message, problem.hint, problem.code);
    for (const Error& warning : found.warnings)
      diagnostics_.warning(warning.where.value_or(rule.where), warning.message);
    draft.reasons = std::move(found.reasons);
    draft.supplied = std::move(found.supplied);
    return {};
  }

  Status add_archive(const LayerRule& rule, layer::ArchiveFiles& archive, Draft& draft) {
    const Placed& from = *rule.archive;
    SLIPWAY_ASSIGN(const auto source, source_of(from));
    if (!source) return {};
    Status added = archive.add(draft.files, *source, {epoch_, rule.clamp_times}, diagnostics_);
    if (added || added.error().code == Errc::invalid_argument) return take(std::move(added), from.where);
    return fail(std::move(added).error().at(from.where));
  }

  /// The patterns of .dockerignore; nothing when the file is not there, which is reported.
  Result<std::optional<std::vector<std::string>>> read_ignore_file(const FileRule& file) {
    std::vector<std::string> patterns;
    if (!file.ignore_file) return std::optional(std::move(patterns));
    const stdfs::path path = recipe_.folder / expand_placeholders(file.ignore_file->text, platform_);
    const auto text = read_file(fs_, path, 1u << 20);
    if (!text && text.error().code != Errc::not_found) return fail(text.error());
    if (!text) {
      report(file.ignore_file->where, fmt::format("{} does not exist", printable(path.native(), 4096)));
      return std::optional<std::vector<std::string>>();
    }
    patterns = ignore_patterns(*text);
    return std::optional(std::move(patterns));
  }

  /// An empty folder or a symlink that is nowhere on disk.
  Status add_made(const LayerRule& rule, const FileRule& file, Draft& draft) {
    if (!file.link) {
      layer::TreeOptions how = options(rule, file);
      how.clamp_times = false;
      return take(draft.files.add_folder(file.to, how), file.from.where);
    }
    layer::FileEntry entry;
    SLIPWAY_ASSIGN(entry.path, layer::image_path(file.to));
    entry.type = layer::EntryType::symlink;
    entry.mode = 0777;
    entry.link = *file.link;
    entry.mtime = epoch_;
    const Owner owner = file.owner.value_or(Owner());
    entry.uid = owner.uid;
    entry.gid = owner.gid;
    return take(draft.files.add_entry(std::move(entry)), file.from.where);
  }

  Status add_files(const LayerRule& rule, const FileRule& file, Draft& draft) {
    if (is_made(file)) return add_made(rule, file, draft);
    SLIPWAY_ASSIGN(const auto source, source_of(file.from));
    if (!source) return {};
    SLIPWAY_ASSIGN(const auto ignored, read_ignore_file(file));
    if (!ignored) return {};
    layer::TreeOptions how = options(rule, file);
    if (rule.git_times) SLIPWAY_TRY(take(take_git_times(*source, how), rule.where));
    how.exclude.insert(how.exclude.begin(), ignored->begin(), ignored->end());
    if (auto own = own_folder_pattern(recipe_.folder, *source)) how.exclude.push_back(*std::move(own));
    how.on_folder = [&draft](const std::string& folder, const FileStat& stat) {
      return draft.folders.add(folder, stat);
    };
    Status added = draft.files.add(*source, file.to, how, diagnostics_);
    if (!added && added.error().code == Errc::not_found) {
      // It was there a moment ago: somebody takes files away while we list them.
      Error error = std::move(added).error();
      error.code = Errc::failed;
      return fail(std::move(error));
    }
    return take(std::move(added), file.from.where);
  }

  /// Each file of the working tree has the time of the commit that changed it last.
  Status take_git_times(const stdfs::path& source, layer::TreeOptions& how) {
    if (!git_times_) {
      SLIPWAY_ASSIGN(git_times_, GitTimes::read(recipe_.folder, stop_));
    }
    std::error_code none;
    std::string from = source.native();
    while (from.ends_with('/'))
      from.pop_back();
    how.time_of = [times = &*git_times_, from = std::move(from),
                   real = stdfs::canonical(source, none).native()](const std::string& path) {
      return times->of(real + path.substr(std::min(from.size(), path.size())));
    };
    return {};
  }

  /// True if a path leads to something once the image's symlinks are followed.
  bool is_in_image(const std::string& path) const {
    const auto lookup = [this](const std::string& at) -> std::optional<layer::Step> {
      const auto entry = below_.find(at);
      return entry ? std::optional(layer::Step{entry->type, entry->link}) : std::nullopt;
    };
    const auto real = layer::real_path(path, true, lookup);
    return real && (real->empty() || below_.find(*real));
  }

  layer::TreeOptions options(const LayerRule& rule, const FileRule& file) {
    layer::TreeOptions options;
    options.epoch = epoch_;
    options.clamp_times = rule.clamp_times;
    options.keep_modes = file.keep_modes;
    options.mode = file.mode;
    if (file.owner) {
      options.uid = file.owner->uid;
      options.gid = file.owner->gid;
    }
    options.replace = file.replace;
    options.include = file.include;
    options.exclude = file.exclude;
    options.xattrs = file.xattrs;
    options.follow_links = file.follow_links;
    options.stray_links = &stray_links_;
    return options;
  }

  const Recipe& recipe_;
  const oci::Platform& platform_;
  std::int64_t epoch_;
  FileSystem& fs_;
  Diagnostics& diagnostics_;
  bool over_base_;
  DebugSplitter* debug_;
  LayerStack* files_;
  LayerStack own_{nullptr};
  LayerStack& below_;
  std::stop_token stop_;
  BuildCache* cache_;
  std::int64_t started_;  // when the listing began
  ClosurePlanner closures_;
  std::optional<GitTimes> git_times_;
  std::vector<layer::StrayLink> stray_links_;
  std::uint64_t acls_ = 0;  // files and folders whose access control list is left out
};

/// True for files that would not be opened in vain: programs, libraries and modules of interpreters.
bool is_likely_program(const layer::FileEntry& entry) {
  return (entry.mode & 0111) != 0 || entry.path.find(".so") != std::string::npos || entry.path.ends_with(".node");
}

/// The platform of the first ELF file among the first `limit` ones that `wanted` lets through.
std::optional<oci::Platform> first_platform(const std::vector<PlannedLayer>& layers, FileSystem& fs,
                                            bool (*wanted)(const layer::FileEntry&), std::size_t limit) {
  for (const PlannedLayer& layer : layers) {
    const auto entries = layer.tree.read();
    layer::FileEntry entry;
    while (entries) {
      const auto more = (*entries)->next(entry);
      if (!more || !*more) break;
      if (entry.type != layer::EntryType::regular || entry.source.empty() || !wanted(entry)) continue;
      if (limit-- == 0) return std::nullopt;
      if (auto platform = elf::elf_platform(files_of(layer, fs), entry.source)) return platform;
    }
  }
  return std::nullopt;
}

}  // namespace

FileSystem& files_of(const PlannedLayer& layer, FileSystem& fs) {
  return layer.archives ? static_cast<FileSystem&>(*layer.archives) : fs;
}

Status check_sources(const Recipe& recipe, const oci::Platform& platform, FileSystem& fs, Diagnostics& diagnostics) {
  LayerPlanner planner(recipe, platform, 0, fs, diagnostics, {});
  for (const LayerRule& rule : recipe.layers)
    SLIPWAY_TRY(planner.check(rule));
  return {};
}

Result<std::vector<PlannedLayer>> plan_layers(const Recipe& recipe, const oci::Platform& platform, std::int64_t epoch,
                                              FileSystem& fs, Diagnostics& diagnostics, const PlanContext& context) {
  LayerPlanner planner(recipe, platform, epoch, fs, diagnostics, context);
  std::vector<PlannedLayer> layers;
  for (const LayerRule& rule : recipe.layers) {
    SLIPWAY_TRY(planner.plan(rule, &rule == &recipe.layers.back(), layers));
  }
  planner.warn_of_acls();
  planner.warn_of_stray_links();
  return layers;
}

std::optional<oci::Platform> first_elf_platform(const std::vector<PlannedLayer>& layers, FileSystem& fs) {
  const auto platform = first_platform(layers, fs, is_likely_program, std::numeric_limits<std::size_t>::max());
  if (platform) return platform;
  const auto may_be_elf = [](const layer::FileEntry& entry) {
    return !is_likely_program(entry) && entry.size >= kSmallestElf;
  };
  return first_platform(layers, fs, may_be_elf, kMaxPeeked);
}

bool depends_on_platform(const Recipe& recipe) {
  return std::any_of(recipe.layers.begin(), recipe.layers.end(), [](const LayerRule& rule) {
    if (rule.archive && has_placeholders(rule.archive->text)) return true;
    if (rule.sysroot && has_placeholders(rule.sysroot->text)) return true;
    const auto has_any = [](const std::vector<Placed>& paths) {
      return std::any_of(paths.begin(), paths.end(), [](const Placed& path) { return has_placeholders(path.text); });
    };
    if (has_any(rule.closure) || has_any(rule.dlopen)) return true;
    return std::any_of(rule.files.begin(), rule.files.end(), [](const FileRule& file) {
      return has_placeholders(file.from.text) || (file.ignore_file && has_placeholders(file.ignore_file->text));
    });
  });
}

}  // namespace slipway::builder
