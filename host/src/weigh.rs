//! Weighs a file before anybody works on it. A few bytes can ask a compiler for work without
//! bounds: a thousand values for each call of two bytes, fifty thousand locals for each function of
//! six, a thousand instances for each instance of three. Compilers cannot be stopped, so such files
//! must not reach them.
//!
//! What cannot be read weighs nothing: whoever compiles it refuses it in better words.

use wasmparser::{
    BlockType, BrTable, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, CompositeInnerType, Encoding, FunctionBody,
    Instance, Operator, Parser, Payload, TypeRef,
};

use crate::{LoadError, LoadErrorKind};

/// What one function may weigh. The unit is an instruction, a value that it passes on, or a local.
const FUNCTION: u64 = 1 << 20;

/// What all functions may weigh together. The interpreters that come with Python and JavaScript are
/// the heaviest that are known to be right: 14 and 17 million, whatever script is in them.
const FUNCTIONS: u64 = 32 << 20;

/// What a function weighs by itself.
const EACH_FUNCTION: u64 = 300;

/// What a block and a branch weigh: compilers take more than linear time for them.
const EACH_BLOCK: u64 = 20;

/// At each block a local may have to be passed on; this many times weigh one.
const PASSED_ON: u64 = 16;

/// Types, imports, exports, globals and segments, all together.
const ITEMS: u64 = 200_000;

/// Blocks within blocks. What compilers make stays far below.
const BLOCKS: u64 = 10_000;

/// Instances within instances, counted as often as they are made.
const INSTANCES: u64 = 1_000;

/// Components within components.
const DEPTH: u64 = 20;

/// Refuses what weighs too much.
///
/// # Errors
///
/// If it does, with the kind [`LoadErrorKind::TooComplex`].
pub(crate) fn weigh(bytes: &[u8]) -> Result<(), LoadError> {
    let mut scales = Scales::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(Stop::from).and_then(|payload| scales.add(payload)) {
            Ok(()) => {}
            Err(Stop::Unreadable) => return Ok(()),
            Err(Stop::TooComplex(what)) => {
                let message = format!(
                    "the component is too complex to be compiled: {what}; build it optimised, \
                     with a common compiler"
                );
                return Err(LoadError::new(LoadErrorKind::TooComplex, message));
            }
        }
    }
    Ok(())
}

enum Stop {
    Unreadable,
    TooComplex(String),
}

impl From<wasmparser::Error> for Stop {
    fn from(_: wasmparser::Error) -> Self {
        Self::Unreadable
    }
}

type Weighed<T> = Result<T, Stop>;

/// A module or component that is being read.
#[derive(Default)]
struct Open {
    is_component: bool,
    /// The parameters and results of each type, and of each function.
    types: Vec<u64>,
    functions: Vec<u64>,
    /// The instances that each component makes.
    components: Vec<u64>,
    instances: u64,
}

#[derive(Default)]
struct Scales {
    /// The outermost first.
    open: Vec<Open>,
    functions: u64,
    items: u64,
}

impl Scales {
    fn add(&mut self, payload: Payload<'_>) -> Weighed<()> {
        self.items = self.items.saturating_add(items(&payload));
        at_most(self.items, ITEMS, "types, imports, exports, globals and segments")?;
        match payload {
            Payload::Version { encoding, .. } => return self.begin(encoding),
            Payload::End(_) => return self.end(),
            Payload::CodeSectionEntry(body) => {
                let open = self.open.last().ok_or(Stop::Unreadable)?;
                self.functions = self.functions.saturating_add(function(open, &body)?);
                let what = "instructions, values and locals of all functions together";
                return at_most(self.functions, FUNCTIONS, what);
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(&alias?)?;
                }
                return Ok(());
            }
            _ => {}
        }
        let open = self.open.last_mut().ok_or(Stop::Unreadable)?;
        match payload {
            Payload::TypeSection(_) | Payload::ImportSection(_) | Payload::FunctionSection(_) => {
                open.declare(payload)
            }
            _ => open.instantiate(payload),
        }
    }

    fn begin(&mut self, encoding: Encoding) -> Weighed<()> {
        let is_component = encoding == Encoding::Component;
        self.open.push(Open { is_component, ..Open::default() });
        at_most(self.open.len() as u64, DEPTH, "components within components")
    }

    fn end(&mut self) -> Weighed<()> {
        let closed = self.open.pop().ok_or(Stop::Unreadable)?;
        if let Some(around) = self.open.last_mut()
            && closed.is_component
        {
            around.components.push(closed.instances);
        }
        Ok(())
    }

    /// A component may have another name here.
    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Weighed<()> {
        let instances = match *alias {
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                let count = count as usize;
                let around =
                    self.open.len().checked_sub(count + 1).and_then(|at| self.open.get(at));
                around.and_then(|around| around.component(index)).ok_or(Stop::Unreadable)?
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                return Err(passed_on());
            }
            _ => return Ok(()),
        };
        self.open.last_mut().ok_or(Stop::Unreadable)?.components.push(instances);
        Ok(())
    }
}

/// How many there are in a section, functions aside.
fn items(payload: &Payload<'_>) -> u64 {
    u64::from(match payload {
        Payload::TypeSection(section) => section.count(),
        Payload::ImportSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::ExportSection(section) => section.count(),
        Payload::ElementSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::CoreTypeSection(section) => section.count(),
        Payload::ComponentTypeSection(section) => section.count(),
        Payload::ComponentImportSection(section) => section.count(),
        Payload::ComponentExportSection(section) => section.count(),
        Payload::ComponentCanonicalSection(section) => section.count(),
        Payload::ComponentAliasSection(section) => section.count(),
        _ => 0,
    })
}

/// Which component that is, and so what it weighs, would only be known once it is compiled.
fn passed_on() -> Stop {
    Stop::TooComplex("it passes components on as values".to_owned())
}

fn at_most(is: u64, limit: u64, what: &str) -> Weighed<()> {
    if is <= limit {
        return Ok(());
    }
    Err(Stop::TooComplex(format!("{is} {what}, and {limit} are allowed")))
}

impl Open {
    fn component(&self, index: u32) -> Option<u64> {
        self.components.get(index as usize).copied()
    }

    fn wide(&self, ty: u32) -> u64 {
        self.types.get(ty as usize).copied().unwrap_or_default()
    }

    fn declare(&mut self, payload: Payload<'_>) -> Weighed<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.types.extend(group?.types().map(|ty| match &ty.composite_type.inner {
                        CompositeInnerType::Func(function) => {
                            (function.params().len() + function.results().len()) as u64
                        }
                        _ => 0,
                    }));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import?.ty {
                        self.functions.push(self.wide(ty));
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(self.wide(ty?));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn instantiate(&mut self, payload: Payload<'_>) -> Weighed<()> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section {
                    let is_made = matches!(instance?, Instance::Instantiate { .. });
                    self.instances = self.instances.saturating_add(u64::from(is_made));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        let within = self.component(component_index).ok_or(Stop::Unreadable)?;
                        self.instances = self.instances.saturating_add(within).saturating_add(1);
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    if let ComponentTypeRef::Component(_) = import?.ty {
                        return Err(passed_on());
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Component {
                        let exported = self.component(export.index).ok_or(Stop::Unreadable)?;
                        self.components.push(exported);
                    }
                }
            }
            _ => {}
        }
        at_most(self.instances, INSTANCES, "instances within instances")
    }
}

fn function(open: &Open, body: &FunctionBody<'_>) -> Weighed<u64> {
    let mut locals = 0_u64;
    for local in body.get_locals_reader()? {
        locals = locals.saturating_add(u64::from(local?.0));
    }
    let mut weight = locals.saturating_add(EACH_FUNCTION);
    let mut blocks = vec![0];
    let mut branches = 0_u64;
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        branches += u64::from(is_branch(&operator));
        weight = weight.saturating_add(1 + instruction(open, &mut blocks, &operator));
        at_most(blocks.len() as u64, BLOCKS, "blocks within blocks")?;
    }
    weight = weight.saturating_add(branches.saturating_mul(EACH_BLOCK + locals / PASSED_ON));
    at_most(weight, FUNCTION, "instructions, values and locals of one function")?;
    Ok(weight)
}

fn is_branch(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
    )
}

/// The values that an instruction passes on. `blocks` has the values of each block that is open.
fn instruction(open: &Open, blocks: &mut Vec<u64>, operator: &Operator<'_>) -> u64 {
    match operator {
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            let wide = match blockty {
                BlockType::Empty => 0,
                BlockType::Type(_) => 1,
                BlockType::FuncType(ty) => open.wide(*ty),
            };
            blocks.push(wide);
            wide
        }
        Operator::Else => label(blocks, 0),
        Operator::End => blocks.pop().unwrap_or_default(),
        Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
            label(blocks, *relative_depth)
        }
        Operator::BrTable { targets } => branches(blocks, targets),
        Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
            open.functions.get(*function_index as usize).copied().unwrap_or_default()
        }
        Operator::CallIndirect { type_index, .. }
        | Operator::ReturnCallIndirect { type_index, .. } => open.wide(*type_index),
        _ => 0,
    }
}

fn label(blocks: &[u64], depth: u32) -> u64 {
    let at = blocks.len().checked_sub(depth as usize + 1);
    at.and_then(|at| blocks.get(at)).copied().unwrap_or_default()
}

/// All targets take the same values.
fn branches(blocks: &[u64], targets: &BrTable<'_>) -> u64 {
    (u64::from(targets.len()) + 1).saturating_mul(1 + label(blocks, targets.default()))
}
