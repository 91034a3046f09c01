import 'reflect-metadata';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CallbacksService } from './callbacks.service';
import { InvoicesService } from './invoices.service';

@Module({ providers: [CallbacksService, InvoicesService] })
class AppModule {}

async function main(): Promise<void> {
  const receiver = createServer((_request, response) => response.writeHead(204).end());
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const attempts = await app.get(InvoicesService).pay(`http://127.0.0.1:${port}/`);
  console.log(`delivered after ${attempts} attempt`);
  await app.close();
  receiver.close();
}

void main();
