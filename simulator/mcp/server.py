"""The server: tools, resources and prompts over the Model Context Protocol, on standard input and output."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import anyio
from mcp import MCPError, types
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server

import simulator
from simulator.mcp.documents import AgentDocument, UnknownDocument, document_at, documents
from simulator.mcp.failure import ToolFailure
from simulator.mcp.messages import CallProgress, ToolCall
from simulator.mcp.prompts import PROMPTS, AgentPrompt, WrongPrompt, prompt_text
from simulator.mcp.settings import ToolServerSettings
from simulator.mcp.tool_worker import ToolWorker
from simulator.mcp.tools.argument_errors import arguments_of
from simulator.mcp.tools.registry import offered
from simulator.mcp.tools.tool import AgentTool
from simulator.model.text.problems import one_of

NAME: Final = "apprunner-simulator"
INSTRUCTIONS: Final = (
    "Simulates AWS App Runner and other platforms on a scenario: services with their settings, and their traffic. "
    "Use it to size a service, to say why requests were lost, to compare policies and platforms, and to predict a "
    "calibrated service. Every figure is that of a played run. Read the resource simulator://skill first. Begin with "
    "list_scenarios; check a text with check_scenario before you run it."
)

Context = ServerRequestContext[ToolWorker, Any]


def serve_stdio(settings: ToolServerSettings) -> None:
    """Serve one client on standard input and output until the input ends."""

    async def serve() -> None:
        server = tool_server(settings)
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())

    anyio.run(serve)


def tool_server(settings: ToolServerSettings) -> Server[ToolWorker]:
    """Return the server. Its worker is started at the first call of a tool and ends with the server."""
    tools = {tool.name: tool for tool in offered(writes=settings.allows_writes)}

    @contextlib.asynccontextmanager
    async def lifespan(_: Server[ToolWorker]) -> AsyncIterator[ToolWorker]:
        worker = ToolWorker(settings)
        try:
            yield worker
        finally:
            await worker.end()

    async def list_tools(_context: Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_tool(tool) for tool in tools.values()])

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = tools.get(params.name)
        if tool is None:
            raise _wrong(f"tool = {params.name!r}, must be {one_of(params.name, tools)}")
        try:
            arguments = arguments_of(tool, params.arguments or {})
            call = ToolCall(tool=tool.name, arguments=arguments.model_dump(mode="json"))
            value = await context.lifespan_context.call(call, _progress_of(context))
        except ToolFailure as error:
            return types.CallToolResult(content=[types.TextContent(type="text", text=str(error))], is_error=True)
        text = tool.result.model_validate(value).model_dump_json()
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content=value)

    return Server(
        NAME,
        version=simulator.__version__,
        title="App Runner simulator",
        instructions=INSTRUCTIONS,
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=_list_resources,
        on_read_resource=_read_resource,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
    )


def _progress_of(context: Context) -> Any:
    """Return a function that sends the progress of the call to the client.

    The protocol requires that progress increases: a phase that counts from 0 again continues behind the last one.
    """
    begins, last = 0.0, -1.0

    async def send(progress: CallProgress) -> None:
        nonlocal begins, last
        if progress.done <= last:
            begins += last + 1
        last = progress.done
        total = None if progress.total is None else begins + progress.total
        await context.session.report_progress(begins + progress.done, total, progress.text)

    return send


def _tool(tool: AgentTool[Any, Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=tool.result.model_json_schema(mode="serialization"),
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=not tool.writes,
            destructive_hint=tool.writes,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


async def _list_resources(_context: Context, _params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=[_resource(document) for document in documents()])


def _resource(document: AgentDocument) -> types.Resource:
    return types.Resource(
        uri=document.uri,
        name=document.name,
        title=document.title,
        description=document.description,
        mime_type=document.mime_type,
    )


async def _read_resource(_context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    try:
        document = document_at(str(params.uri))
    except UnknownDocument as error:
        raise _wrong(str(error)) from error
    content = types.TextResourceContents(uri=document.uri, mime_type=document.mime_type, text=document.read())
    return types.ReadResourceResult(contents=[content])


async def _list_prompts(_context: Context, _params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=[_prompt(prompt) for prompt in PROMPTS.values()])


def _prompt(prompt: AgentPrompt) -> types.Prompt:
    arguments = [
        types.PromptArgument(name=each.name, description=each.description, required=each.required)
        for each in prompt.arguments
    ]
    return types.Prompt(name=prompt.name, title=prompt.title, description=prompt.description, arguments=arguments)


async def _get_prompt(_context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    try:
        text = prompt_text(params.name, params.arguments or {})
    except WrongPrompt as error:
        raise _wrong(str(error)) from error
    message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
    return types.GetPromptResult(description=PROMPTS[params.name].description, messages=[message])


def _wrong(message: str) -> MCPError:
    return MCPError(types.INVALID_PARAMS, message)
