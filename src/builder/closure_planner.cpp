#include "builder/closure_planner.h"

#include <algorithm>

#include "builder/dpkg_database.h"
#include "builder/interpreter_trees.h"
#include "builder/loader_cache_plan.h"
#include "builder/profiles.h"
#include "builder/recipe_values.h"
#include "builder/runtime_data.h"
#include "slipway/base/text.h"
#include "slipway/elf/debug.h"
#include "slipway/elf/go_program.h"
#include "slipway/elf/lint.h"

namespace slipway::builder {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kShownFiles = 3;  // of those with the same finding
constexpr const char* kLoaderConfig = "/etc/ld.so.conf";
constexpr std::size_t kMaxConfig = 1u << 20;  // bytes

/// True for an openssl.cnf that asks for a provider other than the default one, or for an engine.
bool activates_providers(const std::string& text) {
  for (const std::string& line : split(text, '\n')) {
    const std::string_view rule = trim(std::string_view(line).substr(0, line.find('#')));
    const std::size_t equals = rule.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(rule.substr(0, equals));
    if (name == "legacy" || name == "fips" || name == "engines" || name == "module") return true;
  }
  return false;
}

}  // namespace

/// One layer's closure.
class ClosurePlanner::Layer {
 public:
  Layer(ClosurePlanner& planner, const LayerRule& rule, elf::Root& supply, const stdfs::path& sysroot)
      : planner_(planner), rule_(rule), sysroot_(sysroot) {
    roots_.image.push_back(planner.own_.get());
    if (planner.base_root_ != nullptr) roots_.image.push_back(planner.base_root_);
    roots_.supply = &supply;
    roots_.local = &planner.disk_;
    roots_.rules = planner.rules_;
    roots_.rules.without.insert(rule.without.begin(), rule.without.end());
    for (const Placed& library : rule.dlopen)
      extra_.push_back(expand_placeholders(library.text, planner.platform_));
  }

  /// Adds the modules that programs load by known rules where they are asked for; warns about them elsewhere.
  Status add_profiles() {
    if (!abi_) return {};
    SLIPWAY_TRY(note_openssl_config());
    for (const Profile& profile : profiles()) {
      const Placed* asked = nullptr;
      bool by_name = false;
      for (const Placed& word : rule_.profiles) {
        if (word.text != profile.name && word.text != "auto") continue;
        asked = &word;
        by_name = by_name || word.text == profile.name;
      }
      const std::string trace = trace_of(profile, asked == nullptr ? own_traces_ : traces_);
      if (asked == nullptr) {
        if (!trace.empty()) SLIPWAY_TRY(warn_of_profile(profile, trace));
      } else if (by_name || !trace.empty()) {
        where_ = &asked->where;
        SLIPWAY_TRY(add_profile(profile, by_name));
      }
    }
    return {};
  }

  /// The data that the rule asks for, after all programs.
  Status add_runtime_data() {
    std::set<std::string> done;
    for (const Placed& word : rule_.runtime) {
      where_ = &word.where;
      for (const RuntimeKind& kind : runtime_kinds()) {
        const bool basic = kind.basic && (word.text == "auto" || word.text == "minimal");
        const bool packages = kind.name == kPackageStatus;
        const bool recognised = word.text == "auto" && (packages || !kind.caller(imports_).empty());
        if ((word.text == kind.name || basic || recognised) && done.insert(kind.name).second)
          SLIPWAY_TRY(add_kind(kind, word.text == kind.name));
      }
    }
    return warn_of_certificates(done);
  }

  ClosurePlan finish() && { return std::move(plan_); }

  Status add(const PlacedSource& source) {
    where_ = &source.where;
    const stdfs::path path = absolute_path(source.path);
    SLIPWAY_ASSIGN(const FileStat stat, planner_.fs_.stat(path, true));
    if (stat.type == FileType::directory) return add_folder(path, 0, true);
    SLIPWAY_ASSIGN(const bool program, add_program(path, true, true));
    const auto target = planner_.own_->target_of(path);
    if (program && target && *target == path) SLIPWAY_TRY(add_interpreter_trees(*target));
    if (program) return {};
    return problem(Error(Errc::invalid_argument, fmt::format("{} is neither an ELF program or library nor a script",
                                                             printable(path.native(), 4096)))
                       .with_hint("name what was built, or a folder that has it"));
  }

  /// One line for each kind of finding, however many programs have it.
  Status report_findings() {
    for (const auto& [finding, files] : findings_) {
      Error error(Errc::verification_failed, fmt::format("{}: {}", list_of(files, kShownFiles), finding));
      if (planner_.recipe_.strict) {
        SLIPWAY_TRY(problem(std::move(error)));
      } else {
        plan_.warnings.push_back(std::move(error).at(*where_));
      }
    }
    return {};
  }

 private:
  /// A configuration among the recipe's files that activates providers is a trace of them.
  Status note_openssl_config() {
    for (const char* path : {"/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf", "/usr/local/ssl/openssl.cnf",
                             "/etc/pki/tls/openssl.cnf"}) {
      SLIPWAY_ASSIGN(const auto found, planner_.own_->find(path));
      if (!found) continue;
      SLIPWAY_ASSIGN(const std::string text, planner_.own_->read(*found, kMaxConfig));
      if (!activates_providers(text)) continue;
      traces_.imports.insert(kOpensslConfig);
      own_traces_.imports.insert(kOpensslConfig);
    }
    return {};
  }

  void add_made(layer::FileEntry entry) { plan_.inputs.push_back({{}, {}, {}, std::move(entry)}); }

  Status problem(Error error) {
    plan_.problems.push_back(std::move(error).at(*where_));
    return {};
  }

  Result<bool> is_in_image(const std::string& path) {
    for (elf::Root* root : roots_.image) {
      SLIPWAY_ASSIGN(const auto found, root->find(path));
      if (found) return true;
    }
    return false;
  }

  Status add_kind(const RuntimeKind& kind, bool asked_by_name) {
    if (kind.name == kPackageStatus) return add_package_status(asked_by_name);
    if (kind.name == kLoaderCache) return add_loader_cache();
    for (const RuntimeItem& item : kind.items) {
      SLIPWAY_ASSIGN(const bool there, is_in_image(item.path));
      if (there || !is_new(item.path, item.path)) continue;
      plan_.supplied.insert(item.path);
      if (item.supplied) {
        SLIPWAY_TRY(add_supplied(kind, item, asked_by_name));
        continue;
      }
      layer::FileEntry entry;
      entry.path = item.path.substr(1);
      entry.type = item.type;
      entry.mode = item.mode;
      entry.uid = entry.gid = item.owner;
      entry.mtime = planner_.epoch_;
      (item.type == layer::EntryType::symlink ? entry.link : entry.content) = item.text;
      entry.size = entry.content.size();
      add_made(std::move(entry));
    }
    return {};
  }

  /// Of all libraries where the image's loader looks, and of those that only the supply's configuration finds.
  Status add_loader_cache() {
    if (!abi_) {
      return problem(Error(Errc::invalid_argument, "'ld.so.cache' is for programs, but the layer has none")
                         .with_hint("name them under 'closure'"));
    }
    SLIPWAY_ASSIGN(CachePlan plan, plan_loader_cache(roots_.image, *abi_, loaded_));
    if (!plan.folders.empty()) {
      SLIPWAY_ASSIGN(const bool there, is_in_image(kLoaderConfig));
      if (!there) SLIPWAY_TRY(add_text(kLoaderConfig, plan.folders));
    }
    auto cache = elf::loader_cache(std::move(plan.libraries));
    if (!cache) return problem(std::move(cache).error());
    return add_text("/etc/ld.so.cache", *cache);
  }

  /// One file for each package that any program or library is from, as distroless images have them.
  Status add_package_status(bool asked_by_name) {
    const stdfs::path root = sysroot_.empty() ? stdfs::path("/") : sysroot_;
    SLIPWAY_ASSIGN(const auto packages, owners_of(planner_.fs_, root, taken_));
    if (!packages && asked_by_name) {
      return problem(
          Error(Errc::invalid_argument, fmt::format("{} has no dpkg database: {} does not exist", roots_.supply->name(),
                                                    (root / "var/lib/dpkg/status").native()))
              .with_hint("leave out 'dpkg-status'"));
    }
    if (!packages) return {};
    for (const DpkgPackage& package : *packages) {
      const std::string path = "/var/lib/dpkg/status.d/" + package.name;
      SLIPWAY_TRY(add_text(path, package.stanza));
      if (!package.sums.empty()) SLIPWAY_TRY(add_text(path + ".md5sums", package.sums));
    }
    return {};
  }

  Status add_text(const std::string& path, const std::string& text) {
    if (!is_new(path, path)) return {};
    plan_.supplied.insert(path);
    layer::FileEntry entry;
    entry.path = path.substr(1);
    entry.content = text;
    entry.size = text.size();
    entry.mtime = planner_.epoch_;
    add_made(std::move(entry));
    return {};
  }

  Status add_supplied(const RuntimeKind& kind, const RuntimeItem& item, bool asked_by_name) {
    const stdfs::path source = (sysroot_.empty() ? stdfs::path("/") : sysroot_) / item.path.substr(1);
    if (!planner_.fs_.stat(source, true)) {
      Error missing(Errc::invalid_argument,
                    fmt::format("{} for the image's {} does not exist", printable(source.native(), 4096), kind.name));
      missing = std::move(missing).with_hint(fmt::format("install Debian's package {}", kind.package));
      if (asked_by_name) return problem(std::move(missing));
      plan_.warnings.push_back(std::move(missing).at(*where_));
      return {};
    }
    layer::TreeOptions options;
    options.epoch = planner_.epoch_;
    options.clamp_times = rule_.clamp_times;
    options.exclude = item.exclude;
    plan_.inputs.push_back({source, item.path, std::move(options)});
    return {};
  }

  Status add_profile(const Profile& profile, bool by_name) {
    SLIPWAY_ASSIGN(auto files, profile_files(profile, *roots_.supply, *abi_));
    if (files.empty() && by_name && !traces_.versions.contains(profile.included_since)) {
      return problem(Error(Errc::invalid_argument, fmt::format("{} has no files of the profile \"{}\" ({})",
                                                               roots_.supply->name(), profile.name, profile.what))
                         .with_hint("install what the programs load, or leave the profile out"));
    }
    for (elf::FoundFile& file : files) {
      SLIPWAY_ASSIGN(const bool there, is_in_image(file.path));
      if (there) continue;
      SLIPWAY_ASSIGN(const auto object, file.root->object(file));
      if (object != nullptr && !object->abi.fits(*abi_)) continue;
      SLIPWAY_TRY(place(file));
      if (object == nullptr) continue;
      plan_.reasons.push_back({{}, {}, file.path, fmt::format("profile {}", profile.name), rule_.name, true});
      SLIPWAY_ASSIGN(elf::Closure closure, elf::find_closure(roots_, {std::move(file), {}}));
      SLIPWAY_TRY(take(closure));
    }
    return {};
  }

  Status warn_of_profile(const Profile& profile, const std::string& trace) {
    SLIPWAY_ASSIGN(const auto supplied, profile_files(profile, *roots_.supply, *abi_));
    for (const elf::FoundFile& file : supplied) {
      SLIPWAY_ASSIGN(const bool there, is_in_image(file.path));
      if (there) return {};
    }
    plan_.warnings.push_back(
        Error(Errc::failed,
              fmt::format("the programs of the layer \"{}\" use {}, but the image will not have {}: profiles: [{}] "
                          "(--profile {}) adds them",
                          printable(rule_.name, 100), trace, profile.what, profile.name, profile.name))
            .at(rule_.where));
    return {};
  }

  /// Without certificates a TLS client fails only when it first connects: said while it can be mended.
  Status warn_of_certificates(const std::set<std::string>& done) {
    if (planner_.base_root_ != nullptr) return {};
    for (const RuntimeKind& kind : runtime_kinds()) {
      const std::string caller = kind.caller(imports_);
      if (std::string_view(kind.name) != kCertificates || caller.empty() || done.contains(kind.name)) continue;
      SLIPWAY_ASSIGN(const bool there, is_in_image(kind.items.front().path));
      if (there) continue;
      plan_.warnings.push_back(
          Error(Errc::failed,
                fmt::format("the programs of the layer \"{}\" call {}, but the image has no CA certificates: "
                            "'runtime: auto' (--runtime auto) adds them",
                            printable(rule_.name, 100), caller))
              .at(rule_.where));
    }
    return {};
  }

  /// Adds the needs of every ELF file and executable script in a folder.
  Status add_folder(const stdfs::path& folder, int depth, bool scripts) {
    if (depth > kMaxDepth) return {};
    SLIPWAY_ASSIGN(const auto names, planner_.fs_.list(folder));
    for (const std::string& name : names) {
      SLIPWAY_ASSIGN(const FileStat stat, planner_.fs_.stat(folder / name));
      if (stat.type == FileType::directory) SLIPWAY_TRY(add_folder(folder / name, depth + 1, scripts));
      const bool executable = scripts && (stat.mode & 0100) != 0;
      if (stat.type == FileType::regular) SLIPWAY_TRY(add_program(folder / name, false, executable));
    }
    return {};
  }

  /// Adds a program's needs; false for a file that is not a program. A file that is not `named` is one of many in a
  /// folder: a damaged one is left alone, and a script without its interpreter is warned about.
  Result<bool> add_program(const stdfs::path& path, bool named, bool scripts) {
    SLIPWAY_ASSIGN(auto found, planner_.disk_.find(path.native()));
    if (!found) return false;
    auto read = planner_.disk_.object(*found);
    if (!read && read.error().code == Errc::malformed && !named) return false;  // a separate debug file, an old one
    SLIPWAY_ASSIGN(const auto object, std::move(read));
    if (object == nullptr) {
      SLIPWAY_ASSIGN(const std::string start, planner_.disk_.read(*found, 256));
      if (!scripts || elf::script_interpreters(start).empty()) return false;
    } else {
      imports_.insert(object->imports.begin(), object->imports.end());
      note_traces(*object, true);
      if (!abi_) abi_ = object->abi;
      SLIPWAY_ASSIGN(const bool go, note_go_program(path));
      SLIPWAY_TRY(check_machine(path, *object));
      SLIPWAY_TRY(check_style(path, *object, go));
    }
    const elf::Input input = in_image(path, *std::move(found));
    if (sysroot_.empty()) taken_.insert(input.file.real);
    SLIPWAY_ASSIGN(elf::Closure closure, elf::find_closure(roots_, input, extra_));
    if (object == nullptr && !named) {
      std::move(closure.problems.begin(), closure.problems.end(), std::back_inserter(closure.warnings));
      closure.problems.clear();
    }
    SLIPWAY_TRY(take(closure));
    return true;
  }

  /// Go's programs call nothing that their headers name: what they use of the system is told by their functions.
  Result<bool> note_go_program(const stdfs::path& path) {
    SLIPWAY_ASSIGN(const auto file, planner_.fs_.open(path));
    if (!elf::is_go_program(*file, path.native())) return false;
    for (const auto& [function, trace] :
         {std::pair("crypto/x509.(*CertPool)", kGoCertificates), std::pair("time.LoadLocation", kGoTimeZones)}) {
      SLIPWAY_ASSIGN(const bool there, elf::holds_text(*file, function));
      if (there) imports_.insert(trace);
    }
    return true;
  }

  /// The linker's flags for C programs mean nothing to Go's.
  static std::vector<std::string> go_findings(const elf::LintFacts& facts) {
    if (!facts.embeds_folder) return {};
    return {fmt::format("it has the build folder {} in it (go build -trimpath leaves it out)", facts.build_folder)};
  }

  Status check_machine(const stdfs::path& path, const elf::Object& object) {
    const auto platform = object.abi.platform();
    if (platform && platform->architecture == planner_.platform_.architecture) return {};
    return problem(Error(Errc::verification_failed,
                         fmt::format("{} is for {}, but the image is for {}", printable(path.native(), 4096),
                                     platform ? platform->str() : "an unknown machine", planner_.platform_.str()))
                       .with_hint("put {arch} into its path, or name its platform with --platform"));
  }

  /// Lints the programs of the project; those of a system are its distributor's affair.
  Status check_style(const stdfs::path& path, const elf::Object& object, bool go) {
    elf::LintFacts facts;
    facts.build_folder = absolute_path(planner_.recipe_.folder).native();
    if (!path.native().starts_with(facts.build_folder + "/")) return {};
    facts.capable = planner_.own_->is_capable(path);
    SLIPWAY_ASSIGN(const auto file, planner_.fs_.open(path));
    // The paths in debug information go with it: the splitter looks at the rest.
    const bool goes = planner_.recipe_.split_debug && elf::has_debug_info(*file, path.native()).value_or(false);
    if (!goes) {
      SLIPWAY_ASSIGN(facts.embeds_folder, elf::holds_text(*file, facts.build_folder + "/"));
    }
    std::vector<std::string> findings = go ? go_findings(facts) : elf::lint(object, facts);
    for (std::string& finding : findings)
      findings_[std::move(finding)].push_back(printable(path.native(), 4096));
    return {};
  }

  /// Returns the program at its place in the image, with the folder that $ORIGIN means until then.
  elf::Input in_image(const stdfs::path& path, elf::FoundFile found) const {
    elf::Input input;
    const std::string here = elf::parent_of(found.real);
    if (const auto target = planner_.own_->target_of(path)) {
      found.path = *target;
      found.target = planner_.own_->led(*target, true);
    } else if (!sysroot_.empty() && path.native().starts_with(sysroot_.native() + "/")) {
      found.path = found.target = elf::normal_path(path.native().substr(sysroot_.native().size()));
    }
    if (elf::parent_of(found.target) != here) input.local = here;
    input.privileged = planner_.own_->is_privileged(path);
    input.file = std::move(found);
    return input;
  }

  Status take(elf::Closure& closure) {
    for (Error& error : closure.problems)
      SLIPWAY_TRY(problem(std::move(error)));
    for (Error& warning : closure.warnings)
      plan_.warnings.push_back(std::move(warning).at(*where_));
    for (const elf::ClosureFile& file : closure.files) {
      SLIPWAY_ASSIGN(const auto object, file.file.root->object(file.file));
      if (object != nullptr) {
        imports_.insert(object->imports.begin(), object->imports.end());
        note_traces(*object, file.file.root != roots_.supply && file.file.root != planner_.base_root_);
        // A library that is asked for by its path is not looked up.
        if (file.name.find('/') == std::string::npos) loaded_.push_back({file.name, file.file.path, object->abi});
      }
      if (file.file.root != roots_.supply && file.file.root != roots_.local) continue;
      ClosureReason reason{{}, {}, file.file.path, file.name, file.needed_by, file.at_run_time};
      auto& known = plan_.reasons;
      if (std::find(known.begin(), known.end(), reason) == known.end()) known.push_back(std::move(reason));
      SLIPWAY_TRY(place(file.file));
      if (file.file.root == roots_.supply) SLIPWAY_TRY(add_interpreter_trees(file.file.target));
    }
    // The cache leads to where they point, without them.
    const bool cached = std::any_of(rule_.runtime.begin(), rule_.runtime.end(),
                                    [](const Placed& word) { return word.text == kLoaderCache; });
    if (cached) return {};
    for (const elf::Bridge& bridge : closure.bridges) {
      plan_.supplied.insert(bridge.path);
      SLIPWAY_TRY(add_link(bridge.path, bridge.text));
    }
    return {};
  }

  /// An interpreter of the supply starts no script without its modules.
  Status add_interpreter_trees(const std::string& program) {
    const stdfs::path root = sysroot_.empty() ? stdfs::path("/") : sysroot_;
    const InterpreterTrees trees = trees_of_interpreter(planner_.fs_, root, program);
    if ((trees.needs.empty() && trees.folders.empty()) || !interpreters_.insert(program).second) return {};
    if (trees.folders.empty()) {
      plan_.warnings.push_back(
          Error(Errc::failed, fmt::format("{} needs {}, which {} does not have: no script will start",
                                          printable(program, 4096), trees.needs, roots_.supply->name()))
              .at(*where_));
    }
    for (const std::string& folder : trees.folders)
      SLIPWAY_TRY(add_tree(root / folder.substr(1), folder, trees.excluded, program));
    return {};
  }

  /// Adds a folder of the supply with what its modules need.
  Status add_tree(const stdfs::path& source, const std::string& target, const std::vector<std::string>& excluded,
                  const std::string& needed_by) {
    for (elf::Root* image : roots_.image) {
      SLIPWAY_ASSIGN(const auto names, image->list(target));
      if (!names.empty()) return {};
    }
    if (!is_new(target, source)) return {};
    plan_.supplied.insert(target);
    plan_.reasons.push_back({{}, {}, target, elf::name_in(target), needed_by, true});
    layer::TreeOptions options;
    options.epoch = planner_.epoch_;
    options.clamp_times = rule_.clamp_times;
    options.exclude = excluded;
    plan_.inputs.push_back({source, planner_.own_->led(target, false), std::move(options)});
    return add_folder(source, 0, false);
  }

  void note_traces(const elf::Object& object, bool own) {
    for (Traces* traces : {&traces_, &own_traces_}) {
      if (object.soname == "libc.so.6") traces->versions.insert(object.versions.begin(), object.versions.end());
      if (traces == &own_traces_ && !own) continue;
      traces->imports.insert(object.imports.begin(), object.imports.end());
      traces->needed.insert(object.needed.begin(), object.needed.end());
    }
  }

  Status place(const elf::FoundFile& file) {
    if (file.root == roots_.supply) {
      taken_.insert(file.real);
      plan_.supplied.insert(file.target);
    }
    for (const elf::Link& link : file.links) {
      if (file.root == roots_.supply) plan_.supplied.insert(link.path);
      SLIPWAY_TRY(add_link(link.path, link.text));
    }
    const std::string target = planner_.own_->led(file.target, false);
    if (!is_new(target, file.source)) return {};
    layer::TreeOptions options;
    options.epoch = planner_.epoch_;
    options.clamp_times = rule_.clamp_times;
    plan_.inputs.push_back({file.source, target, std::move(options)});
    return {};
  }

  Status add_link(const std::string& asked, const std::string& text) {
    const std::string path = planner_.own_->led(asked, false);
    if (!is_new(path, text)) return {};
    layer::FileEntry entry;
    entry.path = path.substr(1);
    entry.type = layer::EntryType::symlink;
    entry.mode = 0777;
    entry.link = text;
    entry.mtime = planner_.epoch_;
    add_made(std::move(entry));
    return {};
  }

  bool is_new(const std::string& path, const stdfs::path& source) {
    const auto [known, added] = planner_.added_.emplace(path, source);
    if (added || known->second == source) return added;
    known->second = source;
    return true;
  }

  ClosurePlanner& planner_;
  const LayerRule& rule_;
  stdfs::path sysroot_;
  ClosurePlan plan_;
  elf::Roots roots_;
  std::vector<std::string> extra_;
  std::optional<elf::Abi> abi_;                               ///< of the first program
  std::vector<elf::CachedLibrary> loaded_;                    ///< by all programs
  Traces traces_;                                             ///< of all programs and what they load
  Traces own_traces_;                                         ///< of what does not come from a system
  std::set<std::string> taken_;                               ///< files of the supply that the image gets
  std::set<std::string> imports_;                             ///< of all programs and what they load
  std::map<std::string, std::vector<std::string>> findings_;  ///< what lint found, and where
  std::set<std::string> interpreters_;                        ///< whose modules are added
  const Where* where_ = nullptr;
};

ClosurePlanner::ClosurePlanner(const Recipe& recipe, const oci::Platform& platform, std::int64_t epoch, FileSystem& fs,
                               elf::Root* base_root, elf::ProcessRules rules)
    : recipe_(recipe),
      platform_(platform),
      epoch_(epoch),
      fs_(fs),
      base_root_(base_root),
      rules_(std::move(rules)),
      disk_(fs, "/", "this machine", symbols_read_for(recipe)) {}

ClosurePlanner::~ClosurePlanner() = default;

Result<ClosurePlan> ClosurePlanner::plan(const LayerRule& rule, const std::vector<PlacedSource>& programs,
                                         const std::optional<stdfs::path>& sysroot) {
  if (own_ == nullptr) own_ = std::make_unique<RecipeRoot>(recipe_, platform_, fs_, disk_);
  std::optional<elf::DiskRoot> other;
  const stdfs::path folder = sysroot ? absolute_path(*sysroot) : stdfs::path();
  if (sysroot)
    other.emplace(fs_, folder, fmt::format("the sysroot {}", printable(folder.native(), 4096)),
                  symbols_read_for(recipe_));
  elf::Root& supply = other ? static_cast<elf::Root&>(*other) : disk_;
  Layer layer(*this, rule, supply, folder);
  for (const PlacedSource& program : programs)
    SLIPWAY_TRY(layer.add(program));
  SLIPWAY_TRY(layer.report_findings());
  SLIPWAY_TRY(layer.add_profiles());
  SLIPWAY_TRY(layer.add_runtime_data());
  return std::move(layer).finish();
}

Status add_closure(const ClosurePlan& closure, layer::FileTreeBuilder& layer) {
  for (const ClosureInput& input : closure.inputs) {
    Diagnostics none;  // regular files and system folders give no warnings
    SLIPWAY_TRY(input.made ? layer.add_entry(*input.made) : layer.add(input.from, input.to, input.options, none));
  }
  return {};
}

}  // namespace slipway::builder
