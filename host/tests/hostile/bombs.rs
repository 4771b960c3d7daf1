//! Files that are cheap to send and dear to compile.

use wasm_encoder::{
    Alias, BlockType, CodeSection, Component, ComponentAliasSection, ComponentExportKind,
    ComponentImportSection, ComponentInstanceSection, ComponentOuterAliasKind, ComponentTypeRef,
    ComponentTypeSection, ComponentValType, CustomSection, DataSection, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, ImportSection, Instruction,
    MemorySection, MemoryType, Module, ModuleSection, NestedComponentSection, PrimitiveValType,
    RefType, TableSection, TableType, TypeSection, ValType,
};

/// A component around a module. Nothing of the contract is in it: it is compiled before that is
/// known.
pub(crate) fn around(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

/// A module of functions without parameters, and a type of `wide` parameters and results.
pub(crate) fn functions(wide: usize, bodies: impl IntoIterator<Item = Function>) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function(vec![ValType::I32; wide], vec![ValType::I32; wide]);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for body in bodies {
        functions.function(0);
        code.function(&body);
    }
    let mut memories = MemorySection::new();
    let memory = MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    memories.memory(memory);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&code);
    around(&module)
}

/// A function that does something `times` times.
pub(crate) fn repeat(times: usize, locals: u32, something: &[Instruction<'_>]) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    for _ in 0..times {
        for instruction in something {
            function.instruction(instruction);
        }
    }
    function.instruction(&Instruction::End);
    function
}

/// A function of many nested blocks.
pub(crate) fn nested_blocks(depth: usize) -> Function {
    let mut function = Function::new([]);
    for _ in 0..depth {
        function.instruction(&Instruction::Block(BlockType::Empty));
    }
    for _ in 0..=depth {
        function.instruction(&Instruction::End);
    }
    function
}

/// A function of loops within loops, where the innermost changes every local: each loop has to
/// pass all of them on.
pub(crate) fn loops_over_locals(loops: u32, locals: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    for _ in 0..loops {
        function.instruction(&Instruction::Loop(BlockType::Empty));
    }
    for local in 0..locals {
        function.instruction(&Instruction::LocalGet(local));
        function.instruction(&Instruction::I32Const(1));
        function.instruction(&Instruction::I32Add);
        function.instruction(&Instruction::LocalSet(local));
    }
    for _ in 0..loops {
        function.instruction(&Instruction::LocalGet(0));
        function.instruction(&Instruction::BrIf(0));
        function.instruction(&Instruction::End);
    }
    function.instruction(&Instruction::End);
    function
}

/// A function of blocks, each with a thousand values in and out.
pub(crate) fn wide_blocks(wide: usize, times: usize) -> Function {
    let mut function = Function::new([]);
    for _ in 0..wide {
        function.instruction(&Instruction::I32Const(0));
    }
    for _ in 0..times {
        function.instruction(&Instruction::Block(BlockType::FunctionType(1)));
        function.instruction(&Instruction::End);
    }
    for _ in 0..wide {
        function.instruction(&Instruction::Drop);
    }
    function.instruction(&Instruction::End);
    function
}

/// A function of tables of branches.
pub(crate) fn branch_tables(times: usize, targets: usize) -> Function {
    let mut function = Function::new([]);
    for _ in 0..times {
        function.instruction(&Instruction::Block(BlockType::Empty));
        function.instruction(&Instruction::I32Const(0));
        function.instruction(&Instruction::BrTable(vec![0; targets].into(), 0));
        function.instruction(&Instruction::End);
    }
    function.instruction(&Instruction::End);
    function
}

/// A module of many items that are no functions.
pub(crate) fn items(globals: usize, tables: usize, exports: usize, name: usize) -> Vec<u8> {
    let mut global_section = GlobalSection::new();
    let ty = wasm_encoder::GlobalType { val_type: ValType::I32, mutable: false, shared: false };
    for _ in 0..globals {
        global_section.global(ty, &wasm_encoder::ConstExpr::i32_const(0));
    }
    let mut table_section = TableSection::new();
    for _ in 0..tables {
        table_section.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: 0,
            maximum: None,
            shared: false,
        });
    }
    let mut export_section = ExportSection::new();
    for number in 0..exports {
        export_section.export(&format!("{number}{}", "x".repeat(name)), ExportKind::Global, 0);
    }
    let mut module = Module::new();
    module.section(&table_section).section(&global_section).section(&export_section);
    around(&module)
}

/// A module with that many imports.
pub(crate) fn imports(count: usize) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    for number in 0..count {
        imports.import("m", &number.to_string(), EntityType::Function(0));
    }
    let mut module = Module::new();
    module.section(&types).section(&imports);
    around(&module)
}

/// A component with that many imports.
pub(crate) fn component_imports(count: usize) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    types.function().params(Vec::<(&str, ComponentValType)>::new()).result(None);
    let mut imports = ComponentImportSection::new();
    for number in 0..count {
        imports.import(format!("f{number}"), ComponentTypeRef::Func(0));
    }
    let mut component = Component::new();
    component.section(&types).section(&imports);
    component.finish()
}

/// A module with that many data segments of that size.
pub(crate) fn data(segments: usize, bytes: usize) -> Vec<u8> {
    let mut data = DataSection::new();
    for _ in 0..segments {
        data.passive(vec![0; bytes]);
    }
    let mut module = Module::new();
    module.section(&data);
    around(&module)
}

/// A component with a custom section, as a name section is one.
pub(crate) fn custom(bytes: usize) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&CustomSection { name: "name".into(), data: vec![0xff; bytes].into() });
    component.finish()
}

/// A core module that says which component it is in these bytes.
pub(crate) fn component_type(bytes: &[u8]) -> Vec<u8> {
    let mut module = Module::new();
    module.section(&CustomSection { name: "component-type:x".into(), data: bytes.into() });
    module.finish()
}

/// Components within components.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..depth {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    component.finish()
}

/// Components beside each other.
pub(crate) fn siblings(count: usize) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..count {
        component.section(&NestedComponentSection(&Component::new()));
    }
    component.finish()
}

/// Components of which each makes `each` instances of the one before: `each` to the power of
/// `levels` instances, all of which the engine writes out when it compiles.
pub(crate) fn multiplied(each: usize, levels: u32) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&NestedComponentSection(&Component::new()));
    for level in 0..levels {
        let mut inner = Component::new();
        let mut aliases = ComponentAliasSection::new();
        let kind = ComponentOuterAliasKind::Component;
        aliases.alias(Alias::Outer { kind, count: 1, index: level });
        inner.section(&aliases);
        let mut instances = ComponentInstanceSection::new();
        for _ in 0..each {
            instances.instantiate(0, Vec::<(&str, ComponentExportKind, u32)>::new());
        }
        inner.section(&instances);
        component.section(&NestedComponentSection(&inner));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(levels, Vec::<(&str, ComponentExportKind, u32)>::new());
    component.section(&instances);
    component.finish()
}

/// A type of options of options, or of tuples of twice the same.
pub(crate) fn nested_types(depth: u32, is_doubled: bool) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    types.defined_type().primitive(PrimitiveValType::U8);
    for index in 0..depth {
        let below = ComponentValType::Type(index);
        match is_doubled {
            true => types.defined_type().tuple([below, below]),
            false => types.defined_type().option(below),
        }
    }
    let mut component = Component::new();
    component.section(&types);
    component.finish()
}
